using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Windows;

/// <summary>
/// <c>windows.device-install</c>: Windows may install the devices of the target at its first start. A driver that is staged and does not
/// start at boot (the network adapter's) is installed by Windows itself, and policies can forbid that. They are the owner's, and are not
/// changed.
/// </summary>
internal sealed class WindowsDeviceInstallRule() : Rule(Description)
{
    private const string Restrictions = @"Policies\Microsoft\Windows\DeviceInstall\Restrictions";
    private static readonly string[] Services = ["PlugPlay", "DeviceInstall"];

    /// <summary>Ids that every network adapter on PCI has: its class code.</summary>
    private static readonly string[] Compatible = [@"PCI\CC_0200", @"PCI\CC_020000"];

    private static readonly RuleContract Description = new("windows.device-install")
    {
        Title = "Windows may install the devices of the target",
        Source = "Group policy \"Device Installation Restrictions\"; virt-v2v warns of it; events 6423 and 6424 of DeviceSetupManager",
        Summary = $@"SOFTWARE\{Restrictions} (DenyUnspecified, DenyRemovableDevices, DenyDeviceClasses, DenyDeviceIDs, DenyInstanceIDs), "
            + @"Services\PlugPlay and \DeviceInstall\Parameters\DeviceInstallDisabled.",
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var blocked = Disabled(context.Windows).Concat(Denied(context)).ToList();
        if (blocked.Count == 0 && context.Windows.Software.Root.Find(Restrictions)?.GetDword("DenyRemovableDevices") is not (null or 0))
        {
            // Inferred: the slots of KVM take devices in and out while the machine runs.
            return Finding.Failed(
                $@"SOFTWARE\{Restrictions}\DenyRemovableDevices=1: where the slots of the target take devices in and out, Windows calls "
                    + @"the network adapter removable and must not install it.",
                "Take the policy back in the source machine (gpedit.msc: System, Device Installation, Device Installation Restrictions, "
                    + "\"Prevent installation of removable devices\"), then export it again.", "1") with
            { Severity = RuleSeverity.Warning };
        }

        return blocked.Count == 0
            ? Finding.Ok($@"No policy under SOFTWARE\{Restrictions} forbids Windows to install the network adapter.")
            : Finding.Failed(
                $"Windows must not install the network adapter of the target: {string.Join("; ", blocked)}.",
                "Take the policy back in the source machine (gpedit.msc: Computer Configuration, Administrative Templates, System, "
                    + "Device Installation, Device Installation Restrictions; for DeviceInstallDisabled "
                + "delete the value), or allow the devices PCI\\VEN_1AF4 there; then export it again.",
                string.Join("; ", blocked));
    }

    private static IEnumerable<string> Disabled(WindowsSystem windows) =>
        from set in windows.BootControlSets
        from service in Services
        let parameters = set.Find($@"Services\{service}\Parameters")
        where parameters?.GetDword("DeviceInstallDisabled") is not (null or 0)
        select $@"{set.Name}\Services\{service}\Parameters\DeviceInstallDisabled={parameters.GetDword("DeviceInstallDisabled")}";

    private static IEnumerable<string> Denied(RuleContext context)
    {
        if (context.Windows.Software.Root.Find(Restrictions) is not { } policy)
        {
            yield break;
        }

        var adapters = NetworkAdapters(context);
        var allowsIds = Lists(policy, "AllowDeviceIDs").ToList();
        var allowsClass = Lists(policy, "AllowDeviceClasses").Contains(DriverClass.Key(DriverClass.Net), StringComparer.OrdinalIgnoreCase);
        var isAllowed = allowsClass || adapters.TrueForAll(a => allowsIds.Exists(i => IsSameDevice(i, a)));
        if (policy.GetDword("DenyUnspecified") is not (null or 0) && !isAllowed)
        {
            yield return $@"SOFTWARE\{Restrictions}\DenyUnspecified=1 (devices that no policy names), and none allows it";
        }

        if (Lists(policy, "DenyDeviceClasses").Contains(DriverClass.Key(DriverClass.Net), StringComparer.OrdinalIgnoreCase))
        {
            yield return $@"SOFTWARE\{Restrictions}\DenyDeviceClasses names the class of network adapters";
        }

        foreach (var list in (string[])["DenyDeviceIDs", "DenyInstanceIDs"])
        {
            if (Lists(policy, list).FirstOrDefault(i => adapters.Concat(Compatible).Any(a => IsSameDevice(i, a))) is { } id)
            {
                yield return $@"SOFTWARE\{Restrictions}\{list} names {id}";
            }
        }
    }

    /// <summary>The ids of the network adapters of the target's families; those of VirtIO where the profile names none.</summary>
    private static List<string> NetworkAdapters(RuleContext context)
    {
        var families = context.Sources.Manifest.Families
            .Where(f => context.Profile.DemandOf(f.Name) is { Absent: false } d && (d.Required ?? []).Concat(d.Advised ?? []).Any())
            .ToList();
        return [.. (families.Count == 0 ? context.Sources.Manifest.Families : families).SelectMany(f => f.Drivers)
            .Where(d => d.Role == DriverRole.Network).SelectMany(d => d.HardwareIds)];
    }

    /// <summary>The values of a list that is switched on: the value of its name is 1, the key of its name holds "1", "2"….</summary>
    private static IEnumerable<string> Lists(GuestKey policy, string name) =>
        policy.GetDword(name) is null or 0
            ? []
            : (policy.Find(name)?.Values ?? []).Select(v => policy.Find(name)!.GetString(v.Name)).OfType<string>().Select(s => s.Trim());

    private static bool IsSameDevice(string listed, string adapter) =>
        listed.Length > 4 && (listed.StartsWith(adapter, StringComparison.OrdinalIgnoreCase)
            || adapter.StartsWith(listed, StringComparison.OrdinalIgnoreCase));
}
