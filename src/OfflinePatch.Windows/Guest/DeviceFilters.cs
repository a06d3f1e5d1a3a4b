namespace OfflinePatch.Windows.Guest;

/// <summary>A filter driver in the list of a device class, or of one device.</summary>
/// <param name="Key">Control\Class\{GUID}, or Enum\BUS\DEVICE\INSTANCE.</param>
/// <param name="Value">UpperFilters or LowerFilters.</param>
/// <param name="Filter">The service.</param>
public sealed record DeviceFilter(GuestKey Key, string Value, string Filter);

/// <summary>Why a filter stops the start.</summary>
public enum FilterFault
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>There is no such service.</summary>
    NoService,

    /// <summary>The service is not a kernel driver.</summary>
    NotADriver,

    /// <summary>The file of the service is missing, empty, or on another drive.</summary>
    NoFile,

    /// <summary>The file is an executable for another processor.</summary>
    WrongMachine,

    /// <summary>The service is disabled.</summary>
    Disabled,

    /// <summary>The service starts later than at boot.</summary>
    NotBootStart,

    /// <summary>StartOverride outweighs Start.</summary>
    Overridden,
}

/// <summary>
/// The filter lists of device classes and of devices (drivers.md §8 and §12, images-and-cloud.md §4.3). A filter between the processor and
/// the disk that cannot be loaded stops the boot (0x7B). No name is exempt from evidence.
/// </summary>
public static class DeviceFilters
{
    private const int MaximumInstances = 100_000; // a machine has some hundreds; more is damage

    private static readonly string[] BootClasses =
        [DeviceClass.DiskDrive, DeviceClass.Hdc, DeviceClass.ScsiAdapter, DeviceClass.System, DeviceClass.Computer, DeviceClass.Volume];

    /// <summary>The buses between the processor and a disk. Devices on other buses (USB, HDAUDIO…) are not between them.</summary>
    private static readonly string[] BootBuses = ["ACPI", "ACPI_HAL", "PCI", "PCIIDE", "IDE", "SCSI", "STORAGE"];

    /// <summary>The devices of the bus ROOT that are between processor and disk.</summary>
    private static readonly string[] BootRootDevices = [@"Enum\ROOT\ACPI_HAL", @"Enum\ROOT\VOLMGR"];

    /// <summary>
    /// Filters of Windows itself. They are judged like any other, but never removed from a list: Windows does not start without them.
    /// </summary>
    private static readonly string[] Inbox =
        ["partmgr", "fvevol", "iorate", "storqosflt", "wcifs", "ehstorclass", "storflt", "volsnap", "rdyboost", "spldr", "volmgrx"];

    private static readonly string[] ValueNames = ["UpperFilters", "LowerFilters"];

    /// <summary>
    /// The filters between the processor and a disk that stop the start: a filter needs a service that starts at boot, without an override,
    /// and its file. A disabled filter that is still listed stops every device of its class (0x7B). Source: learn.microsoft.com,
    /// "Specifying Driver Load Order": drivers of a device that is needed to start must be SERVICE_BOOT_START; the order of steps of
    /// XenBootFix and XenServer's uninstaller.
    /// </summary>
    public static IEnumerable<(DeviceFilter Filter, FilterFault Fault)> Broken(WindowsSystem system, ControlSet set) =>
        Classes(set).Where(k => IsBootClass(k.Name))
            .Concat(Devices(set, BootBuses).Concat(BootRootDevices.SelectMany(d => set.Find(d)?.SubKeys ?? []))
                .Where(k => IsBootClass(k.GetString("ClassGUID"))))
            .SelectMany(Of)
            .Select(f => (f, Judge(system, set, f.Filter)))
            .Where(f => f.Item2 != FilterFault.None);

    /// <summary>
    /// The filters of one device class that Windows cannot load, so that no device of the class starts (Device Manager: codes 19, 32 and
    /// 39). For classes that the start does not need: when a filter starts does not matter.
    /// </summary>
    /// <param name="system">The installation.</param>
    /// <param name="set">The control set.</param>
    /// <param name="classGuid">The class, in braces.</param>
    internal static IEnumerable<(DeviceFilter Filter, FilterFault Fault)> Unloadable(WindowsSystem system, ControlSet set,
        string classGuid) =>
        (set.Find($@"Control\Class\{classGuid}") is { } key ? Of(key) : [])
            .Select(f => (f, Judge(system, set, f.Filter)))
            .Where(f => f.Item2 is not (FilterFault.None or FilterFault.NotBootStart or FilterFault.Overridden));

    /// <summary>Why a filter cannot be loaded, as a clause that follows its name.</summary>
    internal static string Text(FilterFault fault) => fault switch
    {
        FilterFault.NoService => "has no service",
        FilterFault.NotADriver => "is not a driver",
        FilterFault.NoFile => "has no driver file",
        FilterFault.WrongMachine => "has a driver file for another processor",
        FilterFault.Disabled => "is disabled",
        _ => "does not start at boot",
    };

    /// <summary>Where a filter is listed, and why it cannot be loaded.</summary>
    internal static string Text(DeviceFilter filter, FilterFault fault) =>
        $@"{filter.Key.Path}\{filter.Value}: {filter.Filter} {Text(fault)}";

    /// <summary>Whether a filter is one of Windows itself.</summary>
    public static bool IsInbox(string filter) => Inbox.Contains(filter, StringComparer.OrdinalIgnoreCase);

    /// <summary>Every place that names one of some filters: all classes, all devices.</summary>
    public static IEnumerable<DeviceFilter> Naming(ControlSet set, params string[] filters) =>
        Classes(set).Concat(Devices(set, buses: null)).SelectMany(Of)
            .Where(f => filters.Contains(f.Filter, StringComparer.OrdinalIgnoreCase));

    /// <summary>Removes a filter from its list; an empty list is deleted, because Windows does not expect one.</summary>
    public static void Remove(DeviceFilter filter)
    {
        var rest = (filter.Key.GetMultiString(filter.Value) ?? []).Where(f => !f.Equals(filter.Filter, StringComparison.OrdinalIgnoreCase))
            .ToList();
        if (rest.Count == 0)
        {
            filter.Key.DeleteValue(filter.Value);
        }
        else
        {
            filter.Key.SetMultiString(filter.Value, rest);
        }
    }

    private static FilterFault Judge(WindowsSystem system, ControlSet set, string filter)
    {
        if (set.Service(filter) is not { } service || service.GetDword("Type") is null)
        {
            return FilterFault.NoService;
        }

        if (!ServiceImage.IsDriver(service))
        {
            return FilterFault.NotADriver;
        }

        if (ServiceImage.HasFile(system, service) != true)
        {
            return FilterFault.NoFile;
        }

        if (ServiceImage.IsForAnotherMachine(system, service))
        {
            return FilterFault.WrongMachine;
        }

        var start = service.GetDword("Start");
        return start == ServiceImage.Disabled ? FilterFault.Disabled
            : start is not 0 ? FilterFault.NotBootStart
            : service.Find("StartOverride") is { } overrides && overrides.Values.Any(v => overrides.GetDword(v.Name) is not 0)
                ? FilterFault.Overridden
            : FilterFault.None;
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
