namespace OfflinePatch.Windows.Guest;

/// <summary>A filter driver in the list of a device class, or of one device.</summary>
/// <param name="Key">Control\Class\{GUID}, or Enum\BUS\DEVICE\INSTANCE.</param>
/// <param name="Value">UpperFilters or LowerFilters.</param>
/// <param name="Filter">The service.</param>
public sealed record DeviceFilter(GuestKey Key, string Value, string Filter);

/// <summary>
/// The filter lists of device classes and of devices (drivers.md §8 and §12, images-and-cloud.md §4.3). A filter on the way to the disk whose
/// service or file is missing stops the boot (0x7B). Inbox filters are never judged.
/// </summary>
public static class DeviceFilters
{
    private const int MaximumInstances = 100_000; // a machine has some hundreds; more is damage

    private static readonly string[] BootClasses =
    [
        "{4D36E967-E325-11CE-BFC1-08002BE10318}", // DiskDrive
        "{4D36E96A-E325-11CE-BFC1-08002BE10318}", // HDC
        "{4D36E97B-E325-11CE-BFC1-08002BE10318}", // SCSIAdapter
        "{4D36E97D-E325-11CE-BFC1-08002BE10318}", // System
        "{71A27CDD-812A-11D0-BEC7-08002BE2092F}", // Volume
    ];

    /// <summary>The buses between the processor and a disk. What hangs on others (USB, HDAUDIO, ROOT…) is on no way to it.</summary>
    private static readonly string[] BootBuses = ["ACPI", "PCI", "PCIIDE", "IDE", "SCSI", "STORAGE"];

    private static readonly string[] Inbox =
    [
        "partmgr", "fvevol", "iorate", "storqosflt", "wcifs", "ehstorclass", "storflt", "volsnap", "rdyboost", "spldr", "volmgrx", "iasf", "iastorf",
        "iastorav", "tpm", "bcache",
    ];

    private static readonly string[] ValueNames = ["UpperFilters", "LowerFilters"];

    /// <summary>The filters on the way to the disk that have no service, or whose file is missing or empty.</summary>
    public static IEnumerable<DeviceFilter> Broken(WindowsSystem system, ControlSet set) =>
        Classes(set).Where(k => IsBootClass(k.Name)).Concat(Devices(set, BootBuses).Where(k => IsBootClass(k.GetString("ClassGUID"))))
            .SelectMany(Of)
            .Where(f => !Inbox.Contains(f.Filter, StringComparer.OrdinalIgnoreCase)
                && (set.Service(f.Filter) is not { } service || ServiceImage.HasFile(system, service) == false));

    /// <summary>Every place that names one of some filters: all classes, all devices.</summary>
    public static IEnumerable<DeviceFilter> Naming(ControlSet set, params string[] filters) =>
        Classes(set).Concat(Devices(set, buses: null)).SelectMany(Of).Where(f => filters.Contains(f.Filter, StringComparer.OrdinalIgnoreCase));

    /// <summary>Takes a filter out of its list; an empty list is deleted, because Windows does not expect one.</summary>
    public static void Remove(DeviceFilter filter)
    {
        var rest = (filter.Key.GetMultiString(filter.Value) ?? []).Where(f => !f.Equals(filter.Filter, StringComparison.OrdinalIgnoreCase)).ToList();
        if (rest.Count == 0)
        {
            filter.Key.DeleteValue(filter.Value);
        }
        else
        {
            filter.Key.SetMultiString(filter.Value, rest);
        }
    }

    private static IEnumerable<GuestKey> Classes(ControlSet set) => set.Find(@"Control\Class")?.SubKeys ?? [];

    private static IEnumerable<GuestKey> Devices(ControlSet set, string[]? buses) =>
        (set.Find("Enum")?.SubKeys ?? [])
            .Where(b => buses?.Contains(b.Name, StringComparer.OrdinalIgnoreCase) ?? true)
            .SelectMany(b => b.SubKeys)
            .SelectMany(d => d.SubKeys)
            .Take(MaximumInstances);

    private static IEnumerable<DeviceFilter> Of(GuestKey key) =>
        from value in ValueNames
        from filter in key.GetMultiString(value) ?? []
        where filter.Length > 0
        select new DeviceFilter(key, value, filter);

    private static bool IsBootClass(string? guid) => BootClasses.Contains(guid, StringComparer.OrdinalIgnoreCase);
}
