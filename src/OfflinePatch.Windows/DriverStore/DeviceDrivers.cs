using OfflinePatch.Core;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>The driver that a Windows has for a device.</summary>
/// <param name="Inf">The published INF: one of Windows (<c>netrtx64.inf</c>), or <c>oemN.inf</c>.</param>
/// <param name="Id">The id that leads to it.</param>
internal sealed record DeviceDriver(string Inf, string Id);

/// <summary>
/// Which INF a Windows would take for a PCI device: by <c>DriverDatabase\DeviceIds\PCI</c> of the hives SYSTEM and DRIVERS from Windows 8
/// on, else by the INFs themselves. The ids that a PCI device answers to: learn.microsoft.com, "Identifiers for PCI Devices".
/// </summary>
internal sealed class DeviceDrivers
{
    /// <summary>What the ids of PCI devices begin with in an INF.</summary>
    public const string Bus = @"PCI\";
    private const int MaximumInfs = 20_000;

    private readonly List<DeviceDriver> _known = [];

    private DeviceDrivers()
    {
    }

    /// <summary>
    /// Whether every index was there: false for a Windows 8 or later without its DRIVERS hive, whose network and display drivers are then
    /// not known.
    /// </summary>
    public bool IsComplete { get; private set; } = true;

    /// <summary>Reads the index of a Windows.</summary>
    public static DeviceDrivers Of(WindowsSystem system)
    {
        var drivers = new DeviceDrivers();
        if (system.System.Root.Find("DriverDatabase") is null)
        {
            drivers.ReadInfs(system);
            return drivers;
        }

        foreach (var hive in (HiveName[])[HiveName.System, HiveName.Drivers])
        {
            if (system.Find(hive)?.Root.Find(@"DriverDatabase\DeviceIds") is not { } ids)
            {
                drivers.IsComplete = false;
                continue;
            }

            foreach (var id in ids.Find("PCI")?.SubKeys ?? [])
            {
                // An extension INF (3) serves a device in addition to its driver, but is not one itself.
                foreach (var value in id.Values.Where(v => v.Name.EndsWith(".inf", StringComparison.OrdinalIgnoreCase)
                    && v.ReadData() is [1 or 2, ..]))
                {
                    drivers._known.Add(new DeviceDriver(value.Name, id.Name));
                }
            }
        }

        return drivers;
    }

    /// <summary>The INFs that fit a device, the most exact id first.</summary>
    public IEnumerable<DeviceDriver> Find(PciDevice device) => _known
        .Select(d => (Driver: d, Exactness: Exactness(device, d.Id)))
        .Where(d => d.Exactness > 0).OrderByDescending(d => d.Exactness).Select(d => d.Driver);

    /// <summary>
    /// How exactly an id (without its bus) fits a device; 0 when it does not. One that names the device goes before one of its class.
    /// </summary>
    public static int Exactness(PciDevice device, string id) => device.Match(id) is > 0 and var parts
        ? parts + (id.Contains("DEV_", StringComparison.OrdinalIgnoreCase) ? 8 : 0)
        : 0;

    private void ReadInfs(WindowsSystem system)
    {
        var files = system.Volume.RequireFiles();
        var target = DriverTarget.Of(system);
        foreach (var directory in DevicePath.OwnDirectories(system).Prepend(system.PathOf("INF")))
        {
            foreach (var entry in files.DirectoryExists(directory) ? files.Enumerate(directory).Take(MaximumInfs).ToList() : [])
            {
                if (entry.IsDirectory || !entry.Name.EndsWith(".inf", StringComparison.OrdinalIgnoreCase))
                {
                    continue;
                }

                try
                {
                    var inf = InfFile.Parse(files.ReadFile($"{directory}\\{entry.Name}", InfLimits.FileBytes), entry.Name);
                    foreach (var id in InfModels.Select(inf, target).Models.SelectMany(m => m.Ids)
                        .Where(i => i.StartsWith(Bus, StringComparison.OrdinalIgnoreCase)))
                    {
                        _known.Add(new DeviceDriver(entry.Name, id[Bus.Length..]));
                    }
                }
                catch (Exception e) when (e is CorruptImageException or UnsupportedImageException)
                {
                    // an INF that cannot be read serves no device
                }
            }
        }
    }
}
