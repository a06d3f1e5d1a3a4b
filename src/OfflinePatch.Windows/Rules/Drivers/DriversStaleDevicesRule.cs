using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Drivers;

/// <summary>
/// <c>drivers.stale-devices</c>: no device that the target gives the machine is remembered as disabled or as failed. Windows keeps the state of every device that it ever
/// met under Enum; one that it meets again at the same place has the state of then. Told, never changed: the place of a device on the target is not known.
/// </summary>
internal sealed class DriversStaleDevicesRule() : Rule(Description)
{
    private const uint Disabled = 0x1; // CONFIGFLAG_DISABLED
    private const uint FailedInstall = 0x40; // CONFIGFLAG_FAILEDINSTALL
    private static readonly string[] Vendors = ["VEN_1AF4", "VEN_5853"]; // VirtIO, Xen

    private static readonly RuleContract Description = new("drivers.stale-devices")
    {
        Title = "No device of the target is remembered as disabled",
        Severity = RuleSeverity.Warning,
        Source = "cfgmgr32.h: ConfigFlags of Enum\\BUS\\DEVICE\\INSTANCE (CONFIGFLAG_DISABLED, CONFIGFLAG_FAILEDINSTALL)",
        Summary = @"Enum\PCI\VEN_1AF4… (VirtIO) and VEN_5853… (Xen): ConfigFlags. Reported, never changed.",
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var stale = (
            from set in context.Windows.BootControlSets
            from device in set.Find(@"Enum\PCI")?.SubKeys ?? []
            where Vendors.Any(v => device.Name.StartsWith(v, StringComparison.OrdinalIgnoreCase))
            from instance in device.SubKeys
            let flags = instance.GetDword("ConfigFlags") ?? 0
            where (flags & (Disabled | FailedInstall)) != 0
            select $@"{instance.Path}\ConfigFlags=0x{flags:X} ({((flags & Disabled) != 0 ? "disabled" : "its installation failed")})").Take(20).ToList();
        return stale.Count == 0
            ? Finding.Ok(@"No VirtIO or Xen device under Enum\PCI is remembered as disabled or failed.")
            : Finding.Failed(
                $"A device that the machine had before keeps its state when it meets it again at the same place: {stale[0]}{(stale.Count > 1 ? $", and {stale.Count - 1} more" : "")}.",
                "If the disk or network adapter is missing on the target, enable it there (`pnputil /enable-device`), or remove the device in the source machine (Device Manager, hidden devices) and export it again.",
                string.Join("; ", stale));
    }
}
