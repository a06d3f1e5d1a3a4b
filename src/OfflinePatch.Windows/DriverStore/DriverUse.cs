using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// Which devices of a Windows run with which package. A device instance (<c>Enum\BUS\DEVICE\INSTANCE</c>) names its driver key
/// (<c>Driver</c>: <c>{class}\nnnn</c>), and that key under <c>Control\Class</c> names the published INF (<c>InfPath</c>).
/// </summary>
internal static class DriverUse
{
    /// <summary>The device instances of every oemN.inf, by the lower-case name; over the control sets that ran last or run next.</summary>
    public static Dictionary<string, List<string>> Devices(WindowsSystem system)
    {
        var devices = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var set in system.BootControlSets)
        {
            var infs = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (var group in set.Find(@"Control\Class")?.SubKeys ?? [])
            {
                foreach (var driver in group.SubKeys)
                {
                    if (driver.GetString("InfPath") is { } inf && PublishedNames.NumberOf(inf) is not null)
                    {
                        infs[$@"{group.Name}\{driver.Name}"] = inf.ToLowerInvariant();
                    }
                }
            }

            if (infs.Count > 0)
            {
                Collect(set, infs, devices);
            }
        }

        return devices;
    }

    /// <summary>
    /// The services of a package that start at boot: those that its configurations in the driver database name, and those that it owns.
    /// Without that database (Windows 7) those that CriticalDeviceDatabase names for its ids.
    /// </summary>
    public static IReadOnlyList<string> BootServices(WindowsSystem system, StagedDriver driver)
    {
        var configured = system.Find(driver.Hive)?.Root.Find($@"DriverDatabase\DriverPackages\{driver.PackageName}\Configurations")?.SubKeys
            .Select(c => c.GetString("Service")).OfType<string>().ToHashSet(StringComparer.OrdinalIgnoreCase) ?? [];
        if (driver.PackageName.Length == 0)
        {
            configured.UnionWith(
                from set in system.BootControlSets
                from id in driver.Ids
                let service = set.Find($@"{LegacyStaging.CriticalDevices}\{id.Replace('\\', '#')}")?.GetString("Service")
                where service is not null
                select service);
        }

        return [.. system.BootControlSets
            .SelectMany(s => s.Find("Services")?.SubKeys ?? [])
            .Where(s => s.GetDword("Start") is 0
                && (configured.Contains(s.Name)
                    || (driver.PublishedName.Length > 0
                        && (s.GetMultiString("Owners") ?? []).Contains(driver.PublishedName, StringComparer.OrdinalIgnoreCase))))
            .Select(s => s.Name).Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    private static void Collect(ControlSet set, Dictionary<string, string> infs, Dictionary<string, List<string>> devices)
    {
        foreach (var (name, instance) in set.Devices())
        {
            if (instance.GetString("Driver") is { } driver && infs.TryGetValue(driver, out var inf))
            {
                if (!devices.TryGetValue(inf, out var list))
                {
                    devices.Add(inf, list = []);
                }

                if (!list.Contains(name, StringComparer.OrdinalIgnoreCase))
                {
                    list.Add(name);
                }
            }
        }
    }
}
