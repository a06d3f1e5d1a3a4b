using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Rules.Windows;

/// <summary>
/// The policies "Device Installation Restrictions", evaluated as Windows does. By default denying policies win over allowing ones,
/// and DenyUnspecified stands for devices that no policy allows. With AllowDenyLayered the more specific policy wins (instance ids,
/// device ids, setup classes, removable devices; in each the one that prevents), and DenyUnspecified is ignored. What ends in Retroactive
/// only says that devices which are installed already are concerned too: those of the target are new, and concerned anyway. Source:
/// learn.microsoft.com, Policy CSP - DeviceInstallation (EnableInstallationPolicyLayering and the policies that it names).
/// </summary>
internal sealed class DeviceInstallPolicy
{
    private const string Retroactive = "Retroactive";
    private const int MaxItems = 10_000; // of a list; real ones have some dozens

    /// <summary>
    /// Which update added AllowDenyLayered to a build (same source); 22000 and later always have it, others are not named.
    /// </summary>
    private static readonly (int First, int Last, int Update)[] LayeredSince =
        [(17763, 17763, 2145), (18362, 18363, 1714), (19041, 19045, 1151), (20348, 20348, 256)];

    private readonly GuestKey _key;
    private readonly bool? _isLayered;
    private readonly Dictionary<string, IReadOnlyList<string>> _lists = new(StringComparer.Ordinal);

    private DeviceInstallPolicy(GuestKey key, WindowsSystem windows)
    {
        _key = key;
        _isLayered = IsOn("AllowDenyLayered") ? KnowsLayers(windows) ? true : null : false;
    }

    /// <summary>Reads the policies below a key; null where it is not there.</summary>
    public static DeviceInstallPolicy? Read(GuestKey? key, WindowsSystem windows) =>
        key is null ? null : new DeviceInstallPolicy(key, windows);

    /// <summary>Whether Windows must not install a device.</summary>
    /// <param name="device">The device.</param>
    /// <param name="isCertain">False where that depends on what is not known: the place of the device, an update of Windows.</param>
    /// <returns>The policy, or null when it may.</returns>
    public string? WhyNot(PolicyDevice device, out bool isCertain)
    {
        var answers = (
            from layered in _isLayered is { } known ? [known] : (bool[])[false, true]
            from pessimist in (bool[])[false, true]
            select Evaluate(device, layered, pessimist)).ToList();
        isCertain = !answers.Contains(null);
        return answers.Find(a => a is not null);
    }

    /// <param name="device">The device.</param>
    /// <param name="isLayered">The order of evaluation.</param>
    /// <param name="isPessimist">Whether what may concern the device does so where it prevents, and does not where it allows.</param>
    private string? Evaluate(PolicyDevice device, bool isLayered, bool isPessimist)
    {
        string? First(string list, Func<string, PolicyFit> fitOf, bool allows) =>
            Items(list).FirstOrDefault(i => fitOf(i) switch
            {
                PolicyFit.Yes => true,
                PolicyFit.Maybe => isPessimist != allows,
                _ => false,
            });

        PolicyFit FitOfClass(string listed) =>
            Guid.TryParse(listed, out var guid) && guid == device.ClassGuid ? PolicyFit.Yes : PolicyFit.No;

        var removable = isPessimist && IsOn("DenyRemovableDevices") ? $@"{_key.Path}\DenyRemovableDevices=1" : null;
        (string? Denied, string? Allowed)[] layers =
        [
            (First("DenyInstanceIDs", device.FitOfInstance, false) is { } instance ? Names("DenyInstanceIDs", instance) : null,
                First("AllowInstanceIDs", device.FitOfInstance, true)),
            (First("DenyDeviceIDs", device.FitOf, false) is { } id ? Names("DenyDeviceIDs", id) : null,
                First("AllowDeviceIDs", device.FitOf, true)),
            (First("DenyDeviceClasses", FitOfClass, false) is not null
                ? Names("DenyDeviceClasses", $"the class of {device.Title} ({DriverClass.Key(device.ClassGuid)})")
                : null,
                First("AllowDeviceClasses", FitOfClass, true)),
            (removable, null),
        ];
        if (isLayered)
        {
            return layers.FirstOrDefault(l => l.Denied is not null || l.Allowed is not null).Denied;
        }

        return layers.Select(l => l.Denied).FirstOrDefault(d => d is not null)
            ?? (Array.TrueForAll(layers, l => l.Allowed is null) && IsOn("DenyUnspecified")
                ? $@"{_key.Path}\DenyUnspecified=1 (devices that no policy names), and none allows {device.Title}"
                : null);
    }

    private string Names(string list, string what) =>
        $@"{_key.Path}\{list} names {what}"
            + (IsOn(list + Retroactive) ? $", also where it is installed already ({list}{Retroactive}=1)" : "");

    private bool IsOn(string name) => _key.GetDword(name) is not (null or 0);

    /// <summary>The values of a list that is switched on: the value of its name is 1, the key of its name holds "1", "2"….</summary>
    private IReadOnlyList<string> Items(string list)
    {
        if (!_lists.TryGetValue(list, out var items))
        {
            items = IsOn(list) && _key.Find(list) is { } key
                ? [.. key.Values.Take(MaxItems).Select(v => key.GetString(v.Name)).OfType<string>().Select(s => s.Trim())]
                : [];
            _lists.Add(list, items);
        }

        return items;
    }

    private static bool KnowsLayers(WindowsSystem windows)
    {
        var build = windows.Facts.Build;
        var update = windows.Software.Root.Find(@"Microsoft\Windows NT\CurrentVersion")?.GetDword("UBR") ?? 0;
        return build >= 22000 || Array.Exists(LayeredSince, l => build >= l.First && build <= l.Last && update >= l.Update);
    }
}
