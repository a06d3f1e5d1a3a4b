using OfflinePatch.Core;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// Removes a package from a Windows, as <c>pnputil /delete-driver</c> does: store, published INF and catalogue, database, number in
/// OemInfMap, services that no one else owns, their filters and event sources, and the files that the package alone brought. Files and
/// services that another third-party package owns too are restored as that one has them. Devices stay known under Enum.
/// </summary>
internal sealed class DriverRemoval
{
    private const int MaximumCompared = 256 * 1024 * 1024;

    private readonly WindowsSystem _system;
    private readonly StagedDriver _driver;
    private readonly StagingOptions _options;
    private readonly StagingPlan? _plan;
    private readonly IReadOnlyList<StagedDriver> _others;

    private DriverRemoval(WindowsSystem system, StagedDriver driver, StagingOptions options)
    {
        _system = system;
        _driver = driver;
        _options = options;
        _plan = PlanOf(driver);
        _others = [.. DriverInventory.Read(system, options.Manifest).Where(s => s.PackageName != driver.PackageName)];
    }

    /// <summary>Removes a package.</summary>
    /// <param name="system">The Windows.</param>
    /// <param name="driver">The package.</param>
    /// <param name="options">The families and the clock.</param>
    /// <param name="force">Whether a package is removed although a device uses it.</param>
    /// <exception cref="RefusedException"><c>STG-0011</c>: a device runs with it.</exception>
    /// <exception cref="UnsupportedImageException"><c>STG-0012</c>: Windows 7 installed it into an index that is not public.</exception>
    public static void Remove(WindowsSystem system, StagedDriver driver, StagingOptions options, bool force)
    {
        var hasDatabase = driver.PackageName.Length > 0;
        if (!hasDatabase && driver.PublishedName.Length > 0)
        {
            throw DriverStoreError.IndexNotPublic(driver.PublishedName);
        }

        if (!force && driver.PublishedName.Length > 0
            && DriverUse.Devices(system).GetValueOrDefault(driver.PublishedName.ToLowerInvariant()) is { Count: > 0 } devices)
        {
            throw DriverStoreError.InUse($"{driver.PublishedName} ({driver.InfName})",
                $"{devices[0]}{(devices.Count > 1 ? $" and {devices.Count - 1} more devices run" : " runs")} with it");
        }

        var removal = new DriverRemoval(system, driver, options);
        if (!force && !hasDatabase)
        {
            removal.RequireUnused();
        }

        if (hasDatabase)
        {
            removal.Run();
        }
        else
        {
            removal.RunLegacy();
        }
    }

    /// <summary>Windows 7 and 2008 R2: no record says which device runs with the package; its services do.</summary>
    private void RequireUnused()
    {
        var own = (_plan?.Effects ?? []).SelectMany(e => e.Services).Where(s => s.Name.Length > 0 && _plan!.Owns(s)).Select(s => s.Name)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        var device = _system.BootControlSets.SelectMany(s => s.Devices())
            .Where(d => d.Key.GetString("Service") is { } service && own.Contains(service)).Select(d => d.Path).FirstOrDefault();
        if (device is not null)
        {
            throw DriverStoreError.InUse(_driver.InfName, $"{device} runs with it");
        }
    }

    /// <summary>
    /// Removes a package that must not be used from the index, so that no device leads to it, and lets no driver of it start at boot. Its
    /// files stay. False when there was nothing to do.
    /// </summary>
    public static bool Disable(WindowsSystem system, StagedDriver driver)
    {
        if (driver.PackageName.Length == 0 || !IsIndexed(system, driver))
        {
            return false;
        }

        foreach (var name in DriverUse.BootServices(system, driver))
        {
            foreach (var service in system.ControlSets.Select(s => s.Service(name)).OfType<GuestKey>())
            {
                if (ServiceOwners.Without(ServiceOwners.Of(service), driver.PublishedName, driver.PackageName).Count == 0)
                {
                    service.SetDword("Start", 3); // on demand: only a device that leads to it would load it
                }
            }
        }

        DriverIndex.RemoveIds(system.Find(driver.Hive)!.Root.Find("DriverDatabase")!, driver.PublishedName);
        return true;
    }

    /// <summary>Whether a device id, or the class index, leads to a package.</summary>
    public static bool IsIndexed(WindowsSystem system, StagedDriver driver) =>
        driver.Ids.Count > 0 || system.Find(driver.Hive)
            ?.Root.Find($@"DriverDatabase\DeviceIds\{DriverClass.Key(driver.ClassGuid)}")?.HasValue(driver.PublishedName) == true;

    private IWritableFileSystem Files => _system.Files;

    private void Run()
    {
        if (_others.Any(o => o.PublishedName.Equals(_driver.PublishedName, StringComparison.OrdinalIgnoreCase)))
        {
            // Services, files and the name belong to the package that stays.
            foreach (var set in _system.ControlSets)
            {
                ServiceOwners.Remove(set, "", _driver.PackageName);
            }

            RemovePackage();
            return;
        }

        // Services and files that others own too are restored as those have them; where that cannot be read, what is there stays.
        var sharers = _others.Where(o => o.Hive == _driver.Hive)
            .Select(o => (Driver: o, Plan: PlanOf(o))).Where(o => o.Plan is { IsConfigured: true })
            .GroupBy(o => o.Driver.PublishedName.ToLowerInvariant())
            .ToDictionary(g => g.Key, g => g.OrderByDescending(o => o.Driver.IsActive).First().Plan!);
        var restored = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var set in _system.ControlSets)
        {
            RemoveServices(set, restored);
        }

        RemoveFiles(sharers, restored);
        RemovePackage();
        PublishedNames.Delete(_system, _driver.PublishedName);
        foreach (var plan in restored.Where(sharers.ContainsKey).Select(o => sharers[o]).OrderBy(p => p.Package.Version))
        {
            new StagedFiles(plan).WriteReflected();
            new ServiceWriter(plan).Write();
        }
    }

    /// <summary>Removes the package from the index and from the store.</summary>
    private void RemovePackage()
    {
        DriverIndex.Remove(_system.Find(_driver.Hive)!.Root.Find("DriverDatabase")!, _driver.PublishedName, _driver.PackageName);
        Files.DeleteTree(FileRepository.PathOf(_system, _driver.PackageName));
    }

    private void RemoveServices(ControlSet set, HashSet<string> owners)
    {
        var removed = new List<string>();
        foreach (var service in set.Find("Services")?.SubKeys.ToList() ?? [])
        {
            var all = ServiceOwners.Of(service);
            var rest = ServiceOwners.Without(all, _driver.PublishedName, _driver.PackageName);
            if (rest.Count == all.Count)
            {
                continue;
            }

            if (rest.Count > 0)
            {
                service.SetMultiString("Owners", rest);
                owners.UnionWith(rest.Select(o => o.ToLowerInvariant()));
            }
            else if (all.Contains(_driver.PublishedName, StringComparer.OrdinalIgnoreCase))
            {
                removed.Add(service.Name);
            }
            else
            {
                service.DeleteValue("Owners"); // a service of Windows that the package used
            }
        }

        DeleteServices(set, removed);
    }

    /// <summary>
    /// Deletes services, with the filter entries that name them (a filter without its service stops the boot) and their event sources.
    /// </summary>
    private void DeleteServices(ControlSet set, List<string> names)
    {
        foreach (var filter in names.Count > 0 ? DeviceFilters.Naming(set, [.. names]).ToList() : [])
        {
            DeviceFilters.Remove(filter);
        }

        foreach (var name in names)
        {
            set.Find("Services")!.DeleteSubKeyTree(name);
        }

        foreach (var effects in _plan?.Effects ?? [])
        {
            foreach (var source in effects.EventSources)
            {
                RemoveEventSource(set, effects, source);
            }
        }
    }

    /// <summary>Deletes an event source that holds what this INF gives it and nothing else.</summary>
    private static void RemoveEventSource(ControlSet set, InfEffects effects, InfEventSource source)
    {
        var path = $@"{source.Log}\{source.Source}";
        if (set.Find($@"Services\EventLog\{source.Log}") is not { } log || log.Find(source.Source) is not { Inner.SubKeyCount: 0 } key)
        {
            return;
        }

        var own = effects.Registry
            .Where(e => e is { Context: InfRegistryContext.EventLog, Root: InfRegistryRoot.Relative }
                && e.Owner.Equals(path, StringComparison.OrdinalIgnoreCase)).ToList();
        if (key.Values.All(v =>
            own.Exists(e => e.ValueName.Equals(v.Name, StringComparison.OrdinalIgnoreCase) && e.Data.AsSpan().SequenceEqual(v.ReadData()))))
        {
            log.DeleteSubKeyTree(source.Source);
        }
    }

    private void RemoveFiles(Dictionary<string, StagingPlan> sharers, HashSet<string> owners)
    {
        var recorded = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var lockdown = _system.Find(HiveName.Software)?.Root.Find(PnpLockdown.Key);
        foreach (var record in lockdown?.SubKeys.ToList() ?? [])
        {
            var all = record.GetMultiString("Owners") ?? [];
            if (!all.Contains(_driver.PublishedName, StringComparer.OrdinalIgnoreCase)
                || PnpLockdown.PathOf(_system, record.Name) is not { } path)
            {
                continue;
            }

            recorded.Add(path);
            var rest = all.Where(o => !o.Equals(_driver.PublishedName, StringComparison.OrdinalIgnoreCase)).ToList();
            if (rest.Count == 0)
            {
                lockdown!.DeleteSubKeyTree(record.Name);
                DeleteOwn(path, isRecorded: true);
            }
            else
            {
                record.SetMultiString("Owners", rest);
                owners.UnionWith(rest.Select(o => o.ToLowerInvariant()));
                if (rest.Exists(o => sharers.ContainsKey(o.ToLowerInvariant())))
                {
                    DeleteOwn(path, isRecorded: true); // the other package writes its own there
                }
            }
        }

        foreach (var (_, path, directoryId) in _plan is { IsConfigured: true } plan ? plan.Reflected() : [])
        {
            if (recorded.Contains(path) || PnpLockdown.Covers(_system, directoryId, path))
            {
                continue; // without a record it was there before, or belongs to something else
            }

            foreach (var other in sharers.Where(s => s.Value.Reflected().Any(r => r.Path.Equals(path, StringComparison.OrdinalIgnoreCase))))
            {
                owners.Add(other.Key);
            }

            DeleteOwn(path, isRecorded: false);
        }
    }

    /// <summary>
    /// Deletes a file that has the content of the package's; one that is recorded as the package's own also where that content is lost.
    /// </summary>
    private void DeleteOwn(string path, bool isRecorded)
    {
        if (!Files.FileExists(path))
        {
            return;
        }

        var content = _plan?.Reflected().Where(r => r.Path.Equals(path, StringComparison.OrdinalIgnoreCase))
            .Select(r => _plan.Package.ReadFile(r.Source)).FirstOrDefault(c => c is not null);
        if (content is null ? isRecorded : Files.ReadFile(path, MaximumCompared).AsSpan().SequenceEqual(content))
        {
            Files.Delete(path);
            DeleteEmptyFolders(path);
        }
    }

    /// <summary>Deletes folders above a path that are now empty, up to the first one that Windows itself has.</summary>
    private void DeleteEmptyFolders(string path)
    {
        while (path.LastIndexOf('\\') is > 0 and var slash)
        {
            path = path[..slash];
            if (_plan is null
                || GuestDirectories.Ids.Any(id => path.Equals(_plan.Directories.VolumePath(id), StringComparison.OrdinalIgnoreCase))
                || Files.Enumerate(path).Any())
            {
                return;
            }

            Files.Delete(path);
        }
    }

    /// <summary>Windows 7 and 2008 R2: a package in a folder of ours.</summary>
    private void RunLegacy()
    {
        var name = LegacyStaging.FolderOf(_driver.InfName);
        if (_plan is { IsBootCritical: true } plan)
        {
            var services = plan.Effects.SelectMany(e => e.Services).Where(s => s.Name.Length > 0 && plan.Owns(s)).Select(s => s.Name)
                .ToHashSet(StringComparer.OrdinalIgnoreCase);
            foreach (var set in _system.ControlSets)
            {
                var critical = set.Find(LegacyStaging.CriticalDevices);
                foreach (var (id, service) in LegacyStaging.CriticalIds(plan))
                {
                    var key = id.Replace('\\', '#');
                    if (critical?.Find(key)?.GetString("Service") is { } owner && owner.Equals(service, StringComparison.OrdinalIgnoreCase))
                    {
                        critical.DeleteSubKeyTree(key);
                    }
                }

                DeleteServices(set, [.. services.Where(s => set.Service(s) is not null)]);
            }

            foreach (var (_, path, _) in plan.Reflected())
            {
                DeleteOwn(path, isRecorded: false);
            }

            Files.DeleteIfPresent(_system.PathOf($@"{StagedFiles.CatalogRoot}\{name}.cat"));
        }

        DevicePath.Remove(_system, name);
        Files.DeleteTree(_system.PathOf($@"{DevicePath.Folder}\{name}"));
        foreach (var folder in (string[])[_system.PathOf(DevicePath.Folder),
            _system.PathOf(DevicePath.Folder[..DevicePath.Folder.IndexOf('\\', StringComparison.Ordinal)])])
        {
            if (Files.DirectoryExists(folder) && !Files.Enumerate(folder).Any())
            {
                Files.Delete(folder);
            }
        }
    }

    private StagingPlan? PlanOf(StagedDriver driver)
    {
        try
        {
            if (!driver.HasFiles || GuestDriverStore.PackageOf(_system, driver) is not { } package)
            {
                return null;
            }

            var target = DriverTarget.Of(_system);
            var entry = _options.Manifest.Classify(package.InfName, package.Ids(target))?.Entry;
            return new StagingPlan(_system, package, target, new PublishedNames(driver.PublishedName, driver.PackageName), isNew: true,
                entry, driver.SignerName, isSigned: true, _options);
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException)
        {
            return null; // a damaged package: its records say what is its own
        }
    }
}
