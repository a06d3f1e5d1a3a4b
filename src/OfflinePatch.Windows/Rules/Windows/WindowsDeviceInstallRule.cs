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
    private const string BootRestrictions = @"DriverDatabase\Policies\Restrictions";
    private const string NetworkAdapter = "the network adapter";
    private const string DiskController = "the disk controller";
    private static readonly string[] Services = ["PlugPlay", "DeviceInstall"];

    /// <summary>
    /// Devices between the processor and the disk that any target has, by their drivers of Windows itself. Which of them are new to Windows
    /// is not known.
    /// </summary>
    private static readonly PolicyDevice[] Inbox =
    [
        PolicyDevice.Of("the IDE controller", DriverClass.Hdc, @"PCI\VEN_8086&DEV_7010", "010180", isNeeded: false),
        new("the disk", new("4d36e967-e325-11ce-bfc1-08002be10318"), "GenDisk", null, IsNeeded: false),
        new("the volume", new("71a27cdd-812a-11d0-bec7-08002be2092f"), @"STORAGE\Volume", null, IsNeeded: false),
    ];

    private static readonly RuleContract Description = new("windows.device-install")
    {
        Title = "Windows may install the devices of the target",
        Source = "learn.microsoft.com, Policy CSP - DeviceInstallation; virt-v2v warns of it (0x7B); events 6423 and 6424 of "
            + "DeviceSetupManager",
        Summary = $@"SOFTWARE\{Restrictions} (AllowDenyLayered; DenyUnspecified, DenyRemovableDevices; Deny and Allow of DeviceClasses, "
            + $@"DeviceIDs and InstanceIDs, with their Retroactive) and its copy for the start, SYSTEM\{BootRestrictions}, against network "
            + @"adapters and disk controllers of the target; Services\PlugPlay and \DeviceInstall\Parameters\DeviceInstallDisabled.",
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var denied = Denied(context).ToList();
        var certain = Disabled(context.Windows).Select(d => new Denial(NetworkAdapter, d, true))
            .Concat(denied.Where(d => d.IsCertain)).ToList();
        if (certain.Count > 0)
        {
            return Finding.Failed(
                $"Windows must not install {Titles(certain)} of the target: {Reasons(certain)}.",
                "Take the policy back in the source machine (gpedit.msc: Computer Configuration, Administrative Templates, System, "
                    + "Device Installation, Device Installation Restrictions; for DeviceInstallDisabled "
                    + "delete the value), or allow the devices PCI\\VEN_1AF4 there; then export it again.", Reasons(certain));
        }

        return denied.Count == 0
            ? Finding.Ok($@"No policy under SOFTWARE\{Restrictions} forbids Windows to install the network adapter or a disk controller of "
                + @"the target.")
            : Finding.Failed(
                $"Whether Windows may install {Titles(denied)} of the target is not known: {Reasons(denied)}. It depends on the place of "
                    + "the device (devices in hot-plug slots are removable), its subsystem, the updates of Windows, or on "
                    + "whether Windows has seen the device before.",
                "Take the policy back in the source machine (gpedit.msc: Computer Configuration, Administrative Templates, System, "
                    + "Device Installation, Device Installation Restrictions), or allow the device there by its ids; then export it again.",
                Reasons(denied)) with
            { Severity = RuleSeverity.Warning };
    }

    private static string Titles(List<Denial> denials) => string.Join(" and ", denials.Select(d => d.Title).Distinct());

    private static string Reasons(List<Denial> denials) => string.Join("; ", denials.Select(d => d.Reason).Distinct().Take(8));

    private static IEnumerable<string> Disabled(WindowsSystem windows) =>
        from set in windows.BootControlSets
        from service in Services
        let parameters = set.Find($@"Services\{service}\Parameters")
        where parameters?.GetDword("DeviceInstallDisabled") is not (null or 0)
        select $@"{set.Name}\Services\{service}\Parameters\DeviceInstallDisabled={parameters.GetDword("DeviceInstallDisabled")}";

    private static IEnumerable<Denial> Denied(RuleContext context)
    {
        var devices = Devices(context).Concat(Inbox).ToList();
        if (DeviceInstallPolicy.Read(context.Windows.Software.Root.Find(Restrictions), context.Windows) is { } policy)
        {
            foreach (var device in devices)
            {
                if (policy.WhyNot(device, out var isCertain) is { } reason)
                {
                    yield return new Denial(device.Title, reason, isCertain && device.IsNeeded);
                }
            }
        }

        // The kernel cannot read SOFTWARE yet when it configures the devices of the start. That it uses this copy is inferred from where
        // support of Microsoft looks for it.
        if (DeviceInstallPolicy.Read(context.Windows.System.Root.Find(BootRestrictions), context.Windows) is { } copy)
        {
            foreach (var device in devices.Where(d => d.ClassGuid != DriverClass.Net))
            {
                if (copy.WhyNot(device, out _) is { } reason)
                {
                    yield return new Denial(device.Title, reason, IsCertain: false);
                }
            }
        }
    }

    /// <summary>
    /// Network adapters and disk controllers whose drivers the target demands or advises; those of VirtIO where it names none.
    /// </summary>
    private static IEnumerable<PolicyDevice> Devices(RuleContext context)
    {
        var demands = (
            from family in context.Sources.Manifest.Families
            let demand = context.Profile.DemandOf(family.Name)
            where demand is { Absent: false }
            from entry in family.Drivers
            let isRequired = (demand.Required ?? []).Contains(entry.Id, StringComparer.OrdinalIgnoreCase)
            where isRequired || (demand.Advised ?? []).Contains(entry.Id, StringComparer.OrdinalIgnoreCase)
            select (Entry: entry, IsRequired: isRequired)).ToList();
        return from demand in demands.Count > 0 ? demands : [.. (context.Sources.Manifest.VirtIO?.Drivers ?? []).Select(e => (e, true))]
               where demand.Entry.Role != DriverRole.Other
               from id in demand.Entry.HardwareIds
               select PolicyDevice.Of(
                   $"{(demand.Entry.Role == DriverRole.Network ? NetworkAdapter : DiskController)} ({demand.Entry.Title})",
                   ClassOf(demand.Entry.Class), id, demand.Entry.Role switch
                   {
                       DriverRole.Network => "020000",
                       DriverRole.Storage => "010000",
                       _ => "FF8000",
                   }, demand.IsRequired);
    }

    private static Guid ClassOf(string name) => name switch
    {
        "Net" => DriverClass.Net,
        "SCSIAdapter" => DriverClass.ScsiAdapter,
        _ => DriverClass.SystemDevices,
    };

    /// <summary>A device that Windows must not, or may have to, leave without a driver.</summary>
    private sealed record Denial(string Title, string Reason, bool IsCertain);
}
