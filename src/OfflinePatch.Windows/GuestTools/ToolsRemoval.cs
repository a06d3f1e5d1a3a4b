using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.GuestTools;

/// <summary>
/// What is to be done to silence or remove a product, in the order that keeps a Windows bootable after every step: names in
/// filter lists, then services, then devices, then packages of the driver store, then what starts by itself, records of installers, files
/// last. Every step is for something that is there, so that a second run finds none.
/// </summary>
internal sealed class ToolsRemoval
{
    private static readonly string[] RunKeys =
    [
        @"Microsoft\Windows\CurrentVersion\Run", @"Microsoft\Windows\CurrentVersion\RunOnce",
        @"WOW6432Node\Microsoft\Windows\CurrentVersion\Run", @"WOW6432Node\Microsoft\Windows\CurrentVersion\RunOnce",
    ];

    private readonly ToolsScope _scope;

    private ToolsRemoval(ToolsScope scope, List<ToolsStep> steps)
    {
        _scope = scope;
        Steps = steps;
    }

    /// <summary>What is removed, in order.</summary>
    public IReadOnlyList<ToolsStep> Steps { get; }

    /// <summary>What stays although it belongs to the product, each with the reason.</summary>
    public IReadOnlyList<string> Kept => _scope.Kept;

    /// <summary>Plans it; writes nothing.</summary>
    /// <param name="system">The Windows.</param>
    /// <param name="product">The product.</param>
    /// <param name="level">How much is removed.</param>
    /// <param name="replacement">Null when another storage driver starts Windows on the target; else why it is not sure that one
    /// does.</param>
    public static ToolsRemoval Plan(WindowsSystem system, ToolsProduct product, ToolsLevel level, string? replacement)
    {
        var scope = ToolsScope.Of(system, product, replacement);
        var steps = new List<ToolsStep>();
        if (level == ToolsLevel.Silence)
        {
            steps.AddRange(system.ControlSets.SelectMany(s => Silencing(scope, s)));
            steps.AddRange(StartEntries(scope));
            return new ToolsRemoval(scope, steps);
        }

        foreach (var set in system.ControlSets)
        {
            steps.AddRange(FilterSteps(scope, set));
        }

        foreach (var set in system.ControlSets)
        {
            steps.AddRange(ProviderSteps(scope, set));
            steps.AddRange(ServiceSteps(scope, set));
            steps.AddRange(DeviceRemoval.Steps(scope, set));
        }

        steps.AddRange(PackageSteps(scope));
        steps.AddRange(StartEntries(scope));
        steps.AddRange(TaskRemoval.Steps(system, product, scope.Paths));
        var shared = scope.Installer.SharedFiles(scope.Paths);
        steps.AddRange(ClassRegistration.Steps(scope));
        steps.AddRange(scope.Installer.Steps(scope.Paths, shared));
        steps.AddRange(KeySteps(scope));
        steps.AddRange(FileSteps(scope, shared));
        return new ToolsRemoval(scope, steps);
    }

    /// <summary>Carries it out.</summary>
    public void Apply()
    {
        foreach (var step in Steps)
        {
            step.Apply();
        }
    }

    /// <summary>Whether a start entry of the product is there.</summary>
    public static bool HasStartEntry(WindowsSystem system, ToolsProduct product) =>
        RunKeys.Select(k => system.Load(HiveName.Software).Hive?.Root.Find(k)).OfType<GuestKey>().Any(k => product.Run.Any(k.HasValue));

    private static IEnumerable<ToolsStep> Silencing(ToolsScope scope, ControlSet set) =>
        scope.Services.Select(set.Service).OfType<GuestKey>()
        .Where(k => ServiceImage.IsProgram(k) && ServiceImage.IsEnabled(k))
        .Select(k => new ToolsStep($@"{k.Path}\Start={k.GetDword("Start")}", () => k.SetDword("Start", ServiceImage.Disabled)));

    private static IEnumerable<ToolsStep> FilterSteps(ToolsScope scope, ControlSet set)
    {
        // A filter without a service stops every device of its class: names that only a filter list has go too.
        string[] names = [.. scope.Product.Services.Where(s => scope.Services.Contains(s) || set.Service(s) is null),
            .. scope.Product.Filters, .. scope.Services];
        foreach (var filter in DeviceFilters.Naming(set, names).DistinctBy(f => (f.Key.Path, f.Value, f.Filter.ToUpperInvariant()))
            .ToList())
        {
            if (scope.Product.BootDrivers.Contains(filter.Filter, StringComparer.OrdinalIgnoreCase) && !scope.RemovesBootDrivers)
            {
                continue;
            }

            yield return new ToolsStep($@"{filter.Key.Path}\{filter.Value}: {filter.Filter}", () => DeviceFilters.Remove(filter));
        }

        foreach (var key in set.Find(@"Control\CoDeviceInstallers") is { } installers ? [installers] : Array.Empty<GuestKey>())
        {
            foreach (var name in key.Values.Select(v => v.Name).ToList())
            {
                if ((key.GetMultiString(name) ?? []).Any(IsOwn))
                {
                    yield return RegistrySteps.FromList(key, name, IsOwn);
                }
            }
        }

        bool IsOwn(string entry) =>
            scope.Product.CoInstallers.Any(c => entry.Equals(c, StringComparison.OrdinalIgnoreCase)
                || entry.StartsWith(c + ",", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Lists of Windows that name a DLL or a service of the product.</summary>
    private static IEnumerable<ToolsStep> ProviderSteps(ToolsScope scope, ControlSet set)
    {
        foreach (var order in (string[])["Order", "HwOrder"])
        {
            if (set.Find($@"Control\NetworkProvider\{order}") is { } key && key.GetString("ProviderOrder") is { } text
                && text.Split(',').Any(IsProvider))
            {
                yield return new ToolsStep($@"{key.Path}\ProviderOrder: {text}",
                    () =>
                        key.SetString("ProviderOrder",
                            string.Join(',', (key.GetString("ProviderOrder") ?? "").Split(',').Where(p => !IsProvider(p)))));
            }
        }

        if (set.Find(@"Control\NetworkProvider\ProviderOrder") is { } weights)
        {
            foreach (var name in weights.Values.Select(v => v.Name).Where(IsProvider).ToList())
            {
                yield return RegistrySteps.Value(weights, name);
            }
        }

        foreach (var step in WinsockCatalog.Steps(set, scope.Product.WinsockProviders, scope.Paths))
        {
            yield return step;
        }

        foreach (var key in set.Find(@"Services\W32Time\TimeProviders")?.SubKeys.ToList() ?? [])
        {
            if (scope.Paths.Owns(key.GetString("DllName")))
            {
                yield return RegistrySteps.Tree(key);
            }
        }

        foreach (var log in set.Find(@"Services\EventLog")?.SubKeys.ToList() ?? [])
        {
            foreach (var source in log.SubKeys.ToList())
            {
                if (scope.Product.EventSources.Contains(source.Name, StringComparer.OrdinalIgnoreCase)
                    || scope.Services.Contains(source.Name) || scope.Paths.Owns(source.GetString("EventMessageFile")))
                {
                    yield return RegistrySteps.Tree(source);
                    if (log.GetMultiString("Sources")?.Contains(source.Name, StringComparer.OrdinalIgnoreCase) == true)
                    {
                        var name = source.Name;
                        yield return RegistrySteps.FromList(log, "Sources", s => s.Equals(name, StringComparison.OrdinalIgnoreCase));
                    }
                }
            }
        }

        foreach (var rules in (string[])[@"Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"])
        {
            foreach (var value in set.Find(rules)?.Values.ToList() ?? [])
            {
                if (value.AsString() is { } rule
                    && rule.Split('|').Any(p => p.StartsWith("App=", StringComparison.OrdinalIgnoreCase) && scope.Paths.Owns(p[4..])))
                {
                    yield return RegistrySteps.Value(set.Find(rules)!, value.Name);
                }
            }
        }

        bool IsProvider(string name) => scope.Product.NetworkProviders.Contains(name.Trim(), StringComparer.OrdinalIgnoreCase);
    }

    private static IEnumerable<ToolsStep> ServiceSteps(ToolsScope scope, ControlSet set)
    {
        foreach (var service in scope.Services.Select(set.Service).OfType<GuestKey>())
        {
            yield return RegistrySteps.Tree(service);
        }

        foreach (var key in ((string[])[@"Control\SafeBoot\Minimal", @"Control\SafeBoot\Network"])
            .SelectMany(k => set.Find(k)?.SubKeys ?? []))
        {
            var name = key.Name.EndsWith(".sys", StringComparison.OrdinalIgnoreCase) ? key.Name[..^4] : key.Name;
            if (scope.Services.Contains(name))
            {
                yield return RegistrySteps.Tree(key);
            }
        }

        foreach (var key in (set.Find(@"Control\CriticalDeviceDatabase")?.SubKeys ?? [])
            .Where(k => k.GetString("Service") is { } s && scope.Services.Contains(s)).ToList())
        {
            yield return RegistrySteps.Tree(key);
        }
    }

    private static IEnumerable<ToolsStep> PackageSteps(ToolsScope scope) =>
        !StoreRemoval.CanRemove(scope.System) ? [] : scope.Packages.Select(p =>
        new ToolsStep($"driver package {p.InfName} ({string.Join(", ", new[] { p.Published, p.Package }.Where(n => n.Length > 0))})",
            () => StoreRemoval.Remove(scope.System, p)));

    private static IEnumerable<ToolsStep> StartEntries(ToolsScope scope)
    {
        foreach (var key in RunKeys.Select(k => scope.System.Software.Root.Find(k)).OfType<GuestKey>())
        {
            foreach (var value in key.Values.ToList())
            {
                if (scope.Product.Run.Contains(value.Name, StringComparer.OrdinalIgnoreCase) || scope.Paths.Owns(value.AsString()))
                {
                    yield return RegistrySteps.Value(key, value.Name);
                }
            }
        }
    }

    private static IEnumerable<ToolsStep> KeySteps(ToolsScope scope)
    {
        var product = scope.Product;
        foreach (var key in product.Keys.Concat(scope.HasOtherOfVendor ? [] : product.SharedKeys).SelectMany(k => Keys(scope.System, k)))
        {
            yield return RegistrySteps.Tree(key);
        }

        foreach (var (path, value) in product.Values)
        {
            foreach (var key in Keys(scope.System, path).Where(k => k.HasValue(value)))
            {
                yield return RegistrySteps.Value(key, value);
            }
        }

        foreach (var profile in product.UserKeys.Count == 0 ? [] : GuestPaths.Profiles(scope.System))
        {
            // A hive of a user that cannot be opened holds settings of the product at most, and stays as it is.
            foreach (var key in product.UserKeys.Select(k => scope.System.LoadUser(profile).Hive?.Root.Find(k)).OfType<GuestKey>())
            {
                yield return RegistrySteps.Tree(key);
            }
        }
    }

    /// <summary>The keys that a path of a product's file names: CurrentControlSet is every control set.</summary>
    public static IEnumerable<GuestKey> Keys(WindowsSystem system, string path)
    {
        const string Set = @"SYSTEM\CurrentControlSet\";
        return path.StartsWith(Set, StringComparison.OrdinalIgnoreCase)
            ? system.ControlSets.Select(s => s.Find(path[Set.Length..])).OfType<GuestKey>()
            : system.Load(HiveName.Software).Hive?.Root.Find(path[(path.IndexOf('\\', StringComparison.Ordinal) + 1)..]) is { } key ? [key]
            : [];
    }

    private static IEnumerable<ToolsStep> FileSteps(ToolsScope scope, IReadOnlySet<string> shared)
    {
        var system = scope.System;
        var files = system.Volume.RequireFiles();
        var bootFiles = scope.RemovesBootDrivers ? new GuestPaths(system, [], scope.Product.BootDriverFiles).Files : [];
        var named = scope.Paths.Files.Concat(bootFiles).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        var needed = NeededFiles(scope, named);
        foreach (var file in named
            .Where(f => files.FileExists(f) && !shared.Contains(f) && !needed.Contains(f)))
        {
            yield return new ToolsStep(system.GuestPath(file), () => system.Files.DeleteIfPresent(file));
        }

        foreach (var folder in scope.Paths.Folders.Where(f => FolderRemoval.HasAny(files, f, Stays)).ToList())
        {
            yield return new ToolsStep(system.GuestPath(folder), () => FolderRemoval.Delete(system.Files, folder, Stays));
        }

        foreach (var folder in scope.Product.EmptyFolders.Where(f => files.DirectoryExists(f) && WillBeEmpty(files, scope, f, Stays))
            .ToList())
        {
            yield return new ToolsStep(system.GuestPath(folder), () => FolderRemoval.DeleteEmpty(system.Files, folder));
        }

        bool Stays(string path) => shared.Contains(path) || needed.Contains(path);
    }

    /// <summary>Files that a service that stays needs, or that another driver package owns.</summary>
    private static HashSet<string> NeededFiles(ToolsScope scope, IEnumerable<string> named)
    {
        var system = scope.System;
        var needed = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var service in system.ControlSets.SelectMany(s => s.Find("Services")?.SubKeys ?? [])
            .Where(s => !scope.Services.Contains(s.Name)))
        {
            if (service.HasValue("ImagePath") && ServiceImage.Resolve(system, service) is { } path)
            {
                needed.Add(path);
            }
            else if (scope.Product.BootDrivers.Contains(service.Name, StringComparer.OrdinalIgnoreCase))
            {
                needed.Add(system.PathOf($@"System32\drivers\{service.Name}.sys"));
            }
        }

        var root = system.Software.Root.Find(PnpLockdown.Key);
        foreach (var file in named.Where(f => f.StartsWith(system.SystemRoot + "\\", StringComparison.OrdinalIgnoreCase)))
        {
            if ((root?.Find(PnpLockdown.NameOf(system, file))?.GetMultiString("Owners") ?? []).Any(o => !scope.IsPublished(o)))
            {
                needed.Add(file);
            }
        }

        return needed;
    }

    private static bool WillBeEmpty(Core.FileSystem.IFileSystem files, ToolsScope scope, string folder, Predicate<string> stays) =>
        files.Enumerate(folder).All(e =>
    {
        var path = $@"{folder}\{e.Name}";
        return (scope.Paths.Files.Contains(path, StringComparer.OrdinalIgnoreCase) && !stays(path))
            || (e.IsDirectory
                && (scope.Paths.Folders.Contains(path, StringComparer.OrdinalIgnoreCase)
                    || scope.Product.EmptyFolders.Contains(path, StringComparer.OrdinalIgnoreCase))
                && !HasStaying(files, path, stays)
                && (!scope.Product.EmptyFolders.Contains(path, StringComparer.OrdinalIgnoreCase)
                    || WillBeEmpty(files, scope, path, stays)));
    });

    private static bool HasStaying(Core.FileSystem.IFileSystem files, string folder, Predicate<string> stays) =>
        files.Enumerate(folder).Any(e => !e.IsDirectory ? stays($@"{folder}\{e.Name}")
            : (e.Attributes & FileAttributes.ReparsePoint) != 0 || HasStaying(files, $@"{folder}\{e.Name}", stays));
}
