using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// Frees a machine from Xen (drivers.md §7): no Xen PV driver starts any more, and the controllers of other hosts do. The
/// order matters: a filter that is disabled while it is still listed stops every disk controller, and an unplug key without a driver takes
/// the disk away.
/// </summary>
internal sealed class XenPvRemoval
{
    private static readonly string[] Services =
    [
        "xenagent", "xenbus", "xenbus_monitor", "xencons", "xencons_monitor", "xendisk", "xenfilt", "xenhid", "xeniface", "XenInstall",
        "xennet", "XenSvc", "xenvbd", "xenvif", "xenvkbd",
    ];

    private static readonly string[] Filters = [.. Services, "scsifilt"];
    private static readonly string[] Controllers = ["stornvme", "storahci", "pciide"];
    private static readonly (string Key, string[] Values)[] UnplugValues =
        [(@"Services\XEN\ForceUnplug", ["DISKS", "NICS"]), (@"Services\XEN\Unplug", ["DISKS", "NICS"]),
            (@"Services\xenfilt\Unplug", ["DISKS", "NICS"])];

    private static readonly string[] ActiveDevice = ["ActiveDeviceID", "ActiveInstanceID", "ActiveLocationInformation"];

    private readonly WindowsSystem _system;
    private readonly List<string> _active = [];
    private readonly List<string> _needed = [];

    private XenPvRemoval(WindowsSystem system) => _system = system;

    /// <summary>What of the drivers would act, each naming its key.</summary>
    public IReadOnlyList<string> Active => _active;

    /// <summary>Devices and services outside the chain that would stop with it. While there is one, nothing may be removed.</summary>
    public IReadOnlyList<string> Needed => _needed;

    /// <summary>Examines the control sets that Windows starts from.</summary>
    public static XenPvRemoval Of(WindowsSystem system)
    {
        var removal = new XenPvRemoval(system);
        foreach (var set in system.BootControlSets)
        {
            removal.Inspect(set);
        }

        return removal;
    }

    /// <summary>Carries it out in every control set.</summary>
    public void Apply()
    {
        foreach (var set in _system.ControlSets)
        {
            foreach (var controller in Controllers.Concat(OtherStorage(set)))
            {
                set.Service(controller)?.DeleteSubKeyTree("StartOverride");
            }

            foreach (var (key, value) in SetUnplugValues(set).ToList())
            {
                key.DeleteValue(value);
            }

            foreach (var filter in DeviceFilters.Naming(set, Filters).ToList())
            {
                DeviceFilters.Remove(filter);
            }

            foreach (var service in Enabled(set).ToList())
            {
                service.SetDword("Start", ServiceImage.Disabled);
            }

            foreach (var value in ActiveDevice)
            {
                set.Find(@"Services\xenfilt\Parameters")?.DeleteValue(value);
            }
        }
    }

    private void Inspect(ControlSet set)
    {
        _active.AddRange(Enabled(set).Select(s => $@"{set.Name}\Services\{s.Name}\Start={s.GetDword("Start")}"));
        _active.AddRange(DeviceFilters.Naming(set, Filters).Select(f => $@"{f.Key.Path}\{f.Value} lists {f.Filter}"));
        _active.AddRange(SetUnplugValues(set).Where(u => u.Key.GetDword(u.Value) is not 0).Select(u => $@"{u.Key.Path}\{u.Value}"));
        if (_active.Count == 0)
        {
            return;
        }

        foreach (var (path, device) in set.Devices())
        {
            if (device.GetString("Service") is { } service && IsListed(service) && !IsXenDevice(path))
            {
                _needed.Add($@"{set.Name}\Enum\{path} uses {service}");
            }
        }

        foreach (var service in set.Find("Services")?.SubKeys ?? [])
        {
            if (!IsListed(service.Name) && service.GetDword("Start") is < ServiceImage.Disabled
                && (service.GetMultiString("DependOnService") ?? []).FirstOrDefault(IsListed) is { } dependency)
            {
                _needed.Add($@"{set.Name}\Services\{service.Name} depends on {dependency}");
            }
        }
    }

    /// <summary>Whether a control set has drivers of the chain that are disabled.</summary>
    public static bool IsDisabled(ControlSet set) => Services.Any(s => set.Service(s)?.GetDword("Start") == ServiceImage.Disabled);

    private static bool IsListed(string service) => Services.Contains(service, StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<GuestKey> Enabled(ControlSet set) =>
        Services.Select(set.Service).OfType<GuestKey>().Where(ServiceImage.IsEnabled);

    private static IEnumerable<(GuestKey Key, string Value)> SetUnplugValues(ControlSet set) =>
        from unplug in UnplugValues
        let key = set.Find(unplug.Key)
        where key is not null
        from value in unplug.Values
        where key.HasValue(value)
        select (key, value);

    /// <summary>
    /// Storage drivers of other vendors that a PCI device of this machine had: on another host they may be the ones to start.
    /// </summary>
    private static IEnumerable<string> OtherStorage(ControlSet set) =>
        from device in set.Devices()
        where device.Path.StartsWith(@"PCI\", StringComparison.OrdinalIgnoreCase) && !IsXenDevice(device.Path)
            && Guid.TryParse(device.Key.GetString("ClassGUID"), out var guid)
            && (guid == DriverClass.Hdc || guid == DriverClass.ScsiAdapter)
            && device.Key.GetString("Driver") is { } driver
            && set.Find($@"Control\Class\{driver}")?.GetString("InfPath") is { } inf && PublishedNames.NumberOf(inf) is not null
        let service = device.Key.GetString("Service")
        where service is not null && !IsListed(service)
        select service;

    private static bool IsXenDevice(string path) =>
        path.StartsWith("XEN", StringComparison.OrdinalIgnoreCase) || path.StartsWith(@"PCI\VEN_5853", StringComparison.OrdinalIgnoreCase);
}
