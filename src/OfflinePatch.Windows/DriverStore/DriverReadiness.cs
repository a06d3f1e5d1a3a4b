using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Pe;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>Whether one driver of the manifest will work on the first boot of an image, and if not, why.</summary>
/// <param name="Entry">The driver.</param>
/// <param name="Staged">The best package of it in the image, or null.</param>
/// <param name="Problems">What is missing, each naming the key or file; empty when it is ready.</param>
public sealed record DriverReadiness(DriverEntry Entry, StagedDriver? Staged, IReadOnlyList<string> Problems)
{
    private const int LargestDriver = 64 << 20; // bytes; those of VirtIO and Xen have some hundred KiB

    /// <summary>Whether nothing is missing.</summary>
    public bool IsReady => Problems.Count == 0;

    /// <summary>The version in place, or null.</summary>
    public DriverVersion? Version => Staged?.Version;

    /// <summary>Judges a driver against an image.</summary>
    /// <param name="system">The Windows.</param>
    /// <param name="entry">The driver.</param>
    /// <param name="staged">What <see cref="GuestDriverStore.Inspect"/> gave.</param>
    /// <param name="storeOnly">Whether it is enough that the package is in the store.</param>
    /// <param name="allowUnsigned">Whether files that the catalogue does not list are accepted.</param>
    public static DriverReadiness Of(WindowsSystem system, DriverEntry entry, IReadOnlyList<StagedDriver> staged, bool storeOnly = false,
        bool allowUnsigned = false)
    {
        var hasDatabase = system.System.Root.Find("DriverDatabase") is not null;
        var target = DriverTarget.Of(system);
        var candidates = staged.Where(s => s.Entry?.Id == entry.Id && s.HasFiles).OrderByDescending(s => s.IsActive)
            .ThenByDescending(s => s.Version)
            .Select(s => (Staged: s, Problems: StoreCheck.Problems(system, s, target, allowUnsigned))).ToList();
        var (best, storeProblems) = candidates.Find(c => c.Problems.Count == 0) is { Staged: not null } whole
            ? whole
            : candidates.FirstOrDefault();
        var problems = new List<string>(storeProblems ?? []);
        if (best is null)
        {
            problems.Add(hasDatabase
                ? $"no package {entry.Inf[0]} in the driver store"
                : $"no {entry.Inf[0]} in Windows\\INF or a folder of DevicePath");
        }
        else if (!hasDatabase && best.PublishedName.Length == 0 && !DevicePath.Contains(system, LegacyStaging.FolderOf(best.InfName)))
        {
            problems.Add(@"SOFTWARE\Microsoft\Windows\CurrentVersion\DevicePath does not list its folder");
        }

        if (entry.BootCritical && !storeOnly)
        {
            if (hasDatabase && best is not null)
            {
                CheckDatabase(system, entry, best, problems);
            }
            else if (!hasDatabase)
            {
                CheckCriticalDevices(system, entry, best, problems);
            }

            CheckServices(system, entry, problems);
        }

        return new DriverReadiness(entry, best, problems);
    }

    private static void CheckDatabase(WindowsSystem system, DriverEntry entry, StagedDriver best, List<string> problems)
    {
        var package = $@"DriverDatabase\DriverPackages\{best.PackageName}";
        if (system.Find(best.Hive)?.Root.Find(package) is not { } key)
        {
            problems.Add($@"no key {package}");
            return;
        }

        if (key.GetBinary("Version") is not { Length: DriverVersionBlob.Length })
        {
            problems.Add($@"{key.Path}\Version is missing");
        }

        var ids = best.Ids.Where(entry.Owns).ToList();
        var needed = (entry.GenericIds ?? []).Where(g => ids.Exists(i => i.StartsWith(g, StringComparison.OrdinalIgnoreCase))).ToList();
        foreach (var id in needed.Count > 0 ? needed : ids)
        {
            if (!ids.Contains(id, StringComparer.OrdinalIgnoreCase))
            {
                problems.Add($@"DriverDatabase\DeviceIds\{id} does not lead to {best.PublishedName}");
            }
            else if (key.Find($@"Descriptors\{id}")?.GetString("Configuration") is not { } configuration
                || key.Find($@"Configurations\{configuration}")?.GetString("Service") is not { } service
                || !entry.Services.Contains(service, StringComparer.OrdinalIgnoreCase))
            {
                problems.Add($@"{key.Path}\Descriptors\{id} leads to no configuration with the service");
            }
        }

        if (ids.Count == 0)
        {
            problems.Add($@"DriverDatabase\DeviceIds has no id that leads to {best.PublishedName}");
        }
    }

    private static void CheckCriticalDevices(WindowsSystem system, DriverEntry entry, StagedDriver? best, List<string> problems)
    {
        var ids = entry.GenericIds ?? best?.Ids.Where(entry.Owns).ToList() ?? [];
        foreach (var set in system.BootControlSets)
        {
            var found = ids.Any(id =>
                entry.Services.Contains(set.Find($@"Control\CriticalDeviceDatabase\{id.Replace('\\', '#')}")?.GetString("Service") ?? "",
                    StringComparer.OrdinalIgnoreCase));
            if (!found && ids.Count > 0)
            {
                problems.Add($@"{set.Name}\Control\CriticalDeviceDatabase does not name {entry.Services[0]}");
            }
        }
    }

    private static void CheckServices(WindowsSystem system, DriverEntry entry, List<string> problems)
    {
        foreach (var set in system.BootControlSets)
        {
            foreach (var name in entry.Services)
            {
                var path = $@"{set.Name}\Services\{name}";
                if (set.Service(name) is not { } service || service.GetDword("Type") is null)
                {
                    problems.Add($"no service {path}");
                    continue;
                }

                if (service.GetDword("Start") is not 0)
                {
                    problems.Add($@"{path}\Start is {ServiceImage.StartText(service.GetDword("Start"))}, not boot");
                }

                if (service.Find("StartOverride") is not null)
                {
                    problems.Add($@"{path}\StartOverride outweighs Start");
                }

                if (ServiceImage.HasFile(system, service) != true)
                {
                    problems.Add($@"the file of {path} ({service.GetString("ImagePath") ?? "no ImagePath"}) is missing");
                }
                else if (ServiceImage.Resolve(system, service) is { } file && WhyNotLoadable(system, file) is { } why)
                {
                    problems.Add($"the file of {path}, {system.GuestPath(file)}, {why}");
                }

                if (entry.BusType is { } busType && service.Find("Parameters")?.GetDword("BusType") is { } stored && stored != busType)
                {
                    problems.Add($@"{path}\Parameters\BusType is {stored}, not {busType}");
                }

                if (entry.Role == DriverRole.Storage && service.Find(@"Parameters\PnpInterface")?.GetDword("5") is not 1)
                {
                    problems.Add($@"{path}\Parameters\PnpInterface\5 is not 1");
                }
            }
        }
    }

    /// <summary>Why the boot loader cannot load a driver: not an executable, or one for another processor; null when it can.</summary>
    private static string? WhyNotLoadable(WindowsSystem system, string file)
    {
        var files = system.Volume.RequireFiles();
        if (files.Find(file)?.Length > LargestDriver)
        {
            return $"has more than {LargestDriver >> 20} MiB";
        }

        var image = PeImage.TryParse(files.ReadFile(file, LargestDriver), out var reason);
        return image is null ? $"is not an executable: {reason}"
            : image.Architecture != DriverTarget.Of(system).Architecture ? "is for another processor"
            : null;
    }
}
