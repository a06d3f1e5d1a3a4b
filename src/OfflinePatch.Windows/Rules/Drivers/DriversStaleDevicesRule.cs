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
    private const string NetClass = "{4D36E972-E325-11CE-BFC1-08002BE10318}";

    /// <summary>VirtIO, Xen, devices of QEMU (NVMe, bridges), and the disk controllers of its machines: PIIX3 and PIIX4 IDE, ICH9 AHCI.</summary>
    private static readonly string[] Devices = ["VEN_1AF4", "VEN_5853", "VEN_1B36", "VEN_8086&DEV_7010", "VEN_8086&DEV_7111", "VEN_8086&DEV_2922"];

    private static readonly RuleContract Description = new("drivers.stale-devices")
    {
        Title = "No device of the target is remembered as disabled",
        Severity = RuleSeverity.Warning,
        Source = "cfgmgr32.h: ConfigFlags of Enum\\BUS\\DEVICE\\INSTANCE (CONFIGFLAG_DISABLED, CONFIGFLAG_FAILEDINSTALL)",
        Summary = @"Enum\PCI\VEN_1AF4… (VirtIO), VEN_5853… (Xen), VEN_1B36… (QEMU) and its disk controllers: ConfigFlags; NetworkAddress of VirtIO and Xen adapters. Reported, never changed.",
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var stale = (
            from set in context.Windows.BootControlSets
            from device in set.Find(@"Enum\PCI")?.SubKeys ?? []
            where Devices.Any(v => device.Name.StartsWith(v, StringComparison.OrdinalIgnoreCase))
            from instance in device.SubKeys
            let flags = instance.GetDword("ConfigFlags") ?? 0
            where (flags & (Disabled | FailedInstall)) != 0
            select $@"{instance.Path}\ConfigFlags=0x{flags:X} ({((flags & Disabled) != 0 ? "disabled" : "its installation failed")})").Take(20).ToList();
        if (stale.Count == 0 && FixedAddress(context) is { } adapter)
        {
            return Finding.Failed(
                $"{adapter}: an adapter that Windows meets again at the same place sends from this hardware address, and not from the one that the cloud gives it.",
                "Delete the value in the source machine (Device Manager, the adapter, Advanced, Locally Administered Address: not present), then export it again.", adapter);
        }

        return stale.Count == 0
            ? Finding.Ok(@"No device under Enum\PCI that KVM or Xen give a machine is remembered as disabled or failed, and no VirtIO or Xen adapter has a hardware address of its own.")
            : Finding.Failed(
                $"A device that the machine had before keeps its state when it meets it again at the same place: {stale[0]}{(stale.Count > 1 ? $", and {stale.Count - 1} more" : "")}.",
                "If the disk or network adapter is missing on the target, enable it there (`pnputil /enable-device`), or remove the device in the source machine (Device Manager, hidden devices) and export it again.",
                string.Join("; ", stale));
    }

    /// <summary>A VirtIO or Xen adapter whose class key sets its hardware address.</summary>
    private static string? FixedAddress(RuleContext context) => (
        from set in context.Windows.BootControlSets
        from adapter in set.Find($@"Control\Class\{NetClass}")?.SubKeys ?? []
        let id = adapter.GetString("MatchingDeviceId") ?? ""
        where id.Contains("ven_1af4", StringComparison.OrdinalIgnoreCase) || id.StartsWith("XEN", StringComparison.OrdinalIgnoreCase)
        let address = adapter.GetString("NetworkAddress")
        where !string.IsNullOrWhiteSpace(address)
        select $@"{adapter.Path}\NetworkAddress={address}").FirstOrDefault();
}
