using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Drivers;

/// <summary>
/// <c>drivers.stale-devices</c>: no device that the target gives the machine is remembered as disabled or as failed. Windows keeps the
/// state of every device that it ever saw under Enum; one that it finds again in the same slot has its old state. Reported: the slot of a
/// device on the target is not known. What never worked (a device that was seen before its driver was there, a network service that a tool
/// wrote without its device) is removed with <c>--repair-devices</c>: Windows does not finish such an installation, and meets the device
/// as new when nothing of it is left.
/// </summary>
internal sealed class DriversStaleDevicesRule() : Rule(Description)
{
    private const uint Disabled = 0x1; // CONFIGFLAG_DISABLED
    private const uint Reinstall = 0x20; // CONFIGFLAG_REINSTALL
    private const uint FailedInstall = 0x40; // CONFIGFLAG_FAILEDINSTALL
    private const uint ProfileFlags = 0x7; // CSCONFIGFLAG_DISABLED, _DO_NOT_CREATE, _DO_NOT_START
    private const int MaxInstances = 100_000; // a machine has some hundreds; more is damage
    private const string XenPv = "xen-pv";

    private const string NetworkService = "netkvm";

    /// <summary>Devices that do nothing without a driver of their own: VirtIO, Xen.</summary>
    private static readonly string[] Paravirtual = ["VEN_1AF4", "VEN_5853"];

    private static readonly string[] NetworkDevices = ["VEN_1AF4&DEV_1000", "VEN_1AF4&DEV_1041"];

    /// <summary>
    /// What the target gives a machine, by bus and what the device's name begins with: VirtIO, Xen, devices of QEMU (NVMe, bridges), the
    /// disk controllers of its machines (PIIX3 and PIIX4 IDE, ICH9 AHCI), what is attached to them, and the root of the buses.
    /// </summary>
    private static readonly (string Bus, string[] Devices)[] OnKvm =
    [
        ("PCI", ["VEN_1AF4", "VEN_5853", "VEN_1B36", "VEN_8086&DEV_7010", "VEN_8086&DEV_7111", "VEN_8086&DEV_2922"]),
        ("PCIIDE", ["IDEChannel"]), ("IDE", ["DiskQEMU"]), ("ACPI", ["PNP0A03", "PNP0A08"]), ("STORAGE", ["Volume"]),
        ("SCSI", ["Disk&Ven_QEMU", "Disk&Ven_Red_Hat", "Disk&Ven_VirtIO", "DiskQEMU"]),
    ];

    /// <summary>What is attached to the Xen platform device, under the different names that vendors use.</summary>
    private static readonly (string Bus, string[] Devices)[] OnXen =
        [("XENBUS", [""]), ("XENVIF", [""]), ("XEN", [""]), ("SCSI", ["Disk&Ven_XENSRC", "Disk&Ven_Xen"])];

    /// <summary>Devices on the buses of Xen that do nothing without a driver; its consoles have none anyway.</summary>
    private static readonly string[] XenFunctions = ["DEV_VBD", "DEV_VIF", "DEV_NET", "DEV_IFACE"];

    private static readonly RuleContract Description = new("drivers.stale-devices")
    {
        Title = "No device of the target is remembered as disabled",
        Severity = RuleSeverity.Warning,
        Source = "cfgmgr32.h: ConfigFlags of Enum\\BUS\\DEVICE\\INSTANCE (CONFIGFLAG_DISABLED, CONFIGFLAG_REINSTALL, "
            + "CONFIGFLAG_FAILEDINSTALL); learn.microsoft.com, CM_Get_HW_Prof_Flags (CSConfigFlags)",
        Summary = @"Enum\PCI\VEN_1AF4… (VirtIO), VEN_5853… (Xen), VEN_1B36… (QEMU), its disk controllers and disks (PCIIDE, IDE, SCSI, "
            + @"STORAGE\Volume), the root of the buses (ACPI), XENBUS and XENVIF where the target has Xen: ConfigFlags, and CSConfigFlags "
            + @"of Hardware Profiles; NetworkAddress of VirtIO and Xen adapters. Reported, never changed. VirtIO and Xen devices without "
            + @"Driver, Services\netkvm without its device: reported, removed with --repair-devices.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var stale = context.Windows.BootControlSets.SelectMany(set => Stale(context, set)).Take(20).ToList();
        if (Unfinished(context).FirstOrDefault() is { Path: { } unfinished } relic)
        {
            return Finding.Failed(
                (relic.Device.Find(relic.Instance)?.GetDword("ConfigFlags") & FailedInstall) is > 0
                    ? $"{unfinished}: the installation of this device failed (ConfigFlags=0x{FailedInstall:X}), and Windows does not try "
                        + "it again."
                    : relic.Service is null
                    ? $"{unfinished}: Windows saw this device without a driver for it, and does not try again with one that is added later."
                    : $"{unfinished}: the installation of this device was not finished (Service={relic.Service}, no Driver), and Windows "
                        + "does not finish it.",
                "Run `offlinepatch fix --repair-devices`, which removes what Windows remembers of it: the device is met anew at the next "
                    + "start.",
                string.Join("; ", Unfinished(context).Select(r => r.Path).Take(20)), "not remembered") with
            { Fixable = context.Request.RepairDevices };
        }

        if (OrphanedNetworkService(context).FirstOrDefault() is { Path: not null } service)
        {
            return Finding.Failed(
                $@"{service.Path}: a tool wrote the service of a network adapter that Windows has not seen; with it Windows does not "
                    + @"finish the installation of the adapter.",
                "Run `offlinepatch fix --repair-devices`, which removes the service: Windows writes it when it installs the adapter.",
                service.Path, "not there") with
            { Fixable = context.Request.RepairDevices };
        }

        if (stale.Count == 0 && FixedAddress(context) is { } adapter)
        {
            return Finding.Failed(
                $"{adapter}: an adapter that Windows finds again in the same slot uses this hardware address, and not the "
                    + "one that the cloud gives it.",
                "Delete the value in the source machine (Device Manager, the adapter, Advanced, Locally Administered Address: not "
                    + "present), then export it again.", adapter);
        }

        return stale.Count == 0
            ? Finding.Ok(@"No device under Enum that KVM or Xen are known here to give a machine is remembered as disabled or failed, and "
                + @"no VirtIO or Xen adapter has a hardware address of its own.")
            : Finding.Failed(
                "A device that the machine had before keeps its state when it is in the same slot again: "
                    + $"{stale[0]}{(stale.Count > 1 ? $", and {stale.Count - 1} more" : "")}.",
                "If the disk or network adapter is missing on the target, enable it there (`pnputil /enable-device`), or remove the "
                    + "device in the source machine (Device Manager, hidden devices) and export it again.",
                string.Join("; ", stale));
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        foreach (var relic in Unfinished(context).ToList())
        {
            relic.Device.DeleteSubKeyTree(relic.Instance);
            var name = $"##?#{relic.Bus}#{relic.Device.Name}#{relic.Instance}#";
            foreach (var kind in relic.Set.Find(@"Control\DeviceClasses")?.SubKeys.ToList() ?? [])
            {
                foreach (var reference in kind.SubKeys.Where(r => r.Name.StartsWith(name, StringComparison.OrdinalIgnoreCase)).ToList())
                {
                    kind.DeleteSubKeyTree(reference.Name);
                }
            }

            if (!relic.Device.SubKeys.Any())
            {
                relic.Set.Find($@"Enum\{relic.Bus}")?.DeleteSubKeyTree(relic.Device.Name);
            }
        }

        foreach (var service in OrphanedNetworkService(context).ToList())
        {
            service.Services.DeleteSubKeyTree(NetworkService);
        }
    }

    /// <summary>Devices of the target that are remembered as disabled or failed, each with its key and why.</summary>
    private static IEnumerable<string> Stale(RuleContext context, ControlSet set)
    {
        foreach (var (_, _, instance) in Remembered(context, set.Find("Enum")))
        {
            if (WhyStale(instance.GetDword("ConfigFlags") ?? 0) is { } why)
            {
                yield return $@"{instance.Path}\ConfigFlags=0x{instance.GetDword("ConfigFlags"):X} ({why})";
            }
        }

        // Up to Windows 7 a device can be disabled in one hardware profile alone; Current is a link to one of them.
        foreach (var profile in (set.Find("Hardware Profiles")?.SubKeys ?? [])
            .Where(p => !p.Name.Equals("Current", StringComparison.OrdinalIgnoreCase)))
        {
            foreach (var (_, _, instance) in Remembered(context, profile.Find(@"System\CurrentControlSet\Enum")))
            {
                if (((instance.GetDword("CSConfigFlags") ?? 0) & ProfileFlags) != 0)
                {
                    yield return $@"{instance.Path}\CSConfigFlags=0x{instance.GetDword("CSConfigFlags"):X} (disabled)";
                }
            }
        }
    }

    private static string? WhyStale(uint flags) =>
        (flags & Disabled) != 0 ? "disabled"
        : (flags & FailedInstall) != 0 ? "its installation failed"
        : (flags & Reinstall) != 0 ? "it does not start before its driver has been installed again"
        : null;

    /// <summary>What Windows remembers, below Enum, of devices that the target gives a machine.</summary>
    private static IEnumerable<(string Bus, GuestKey Device, GuestKey Instance)> Remembered(RuleContext context, GuestKey? root) =>
        (from bus in root?.SubKeys ?? []
         let known = (MayBeXen(context) ? OnKvm.Concat(OnXen) : OnKvm)
             .Where(b => b.Bus.Equals(bus.Name, StringComparison.OrdinalIgnoreCase)).SelectMany(b => b.Devices).ToList()
         where known.Count > 0
         from device in bus.SubKeys
         where known.Exists(d => device.Name.StartsWith(d, StringComparison.OrdinalIgnoreCase))
         from instance in device.SubKeys
         select (bus.Name, device, instance)).Take(MaxInstances);

    /// <summary>Whether the target may start the image on Xen. It never has devices of VMBUS (Hyper-V).</summary>
    private static bool MayBeXen(RuleContext context) => context.Profile.DemandOf(XenPv) is not { Absent: true };

    /// <summary>What Windows remembers of devices that never worked.</summary>
    private static IEnumerable<(ControlSet Set, string Bus, GuestKey Device, string Instance, string Path,
        string? Service)> Unfinished(RuleContext context) =>
        from set in context.Windows.BootControlSets
        from found in Remembered(context, set.Find("Enum"))
        where NeedsDriver(found.Bus, found.Device.Name)
        let instance = found.Instance
        where string.IsNullOrEmpty(instance.GetString("Driver")) && ((instance.GetDword("ConfigFlags") ?? 0) & Disabled) == 0
        select (set, found.Bus, found.Device, instance.Name, instance.Path, instance.GetString("Service"));

    private static bool NeedsDriver(string bus, string device) =>
        bus.StartsWith("XEN", StringComparison.OrdinalIgnoreCase)
            ? XenFunctions.Any(f => device.Contains(f, StringComparison.OrdinalIgnoreCase))
            : bus.Equals("PCI", StringComparison.OrdinalIgnoreCase)
                && Paravirtual.Any(v => device.StartsWith(v, StringComparison.OrdinalIgnoreCase));

    /// <summary>The service of a network adapter that was configured offline in SYSTEM, and that no device has.</summary>
    private static IEnumerable<(GuestKey Services, string Path)> OrphanedNetworkService(RuleContext context)
    {
        var configured = (context.Windows.System.Root.Find(@"DriverDatabase\DeviceIds\PCI")?.SubKeys ?? [])
            .Any(k => IsNetworkDevice(k.Name));
        return from set in configured ? context.Windows.BootControlSets : []
               let service = set.Find($@"Services\{NetworkService}")
               where service is not null
               where !(set.Find(@"Enum\PCI")?.SubKeys ?? [])
                   .Any(d => IsNetworkDevice(d.Name) && d.SubKeys.Any(i => !string.IsNullOrEmpty(i.GetString("Driver"))))
               select (set.Find("Services")!, service.Path);
    }

    private static bool IsNetworkDevice(string id) => NetworkDevices.Any(d => id.StartsWith(d, StringComparison.OrdinalIgnoreCase));

    /// <summary>A VirtIO or Xen adapter whose class key sets its hardware address.</summary>
    private static string? FixedAddress(RuleContext context) => (
        from set in context.Windows.BootControlSets
        from adapter in set.Find($@"Control\Class\{DeviceClass.Net}")?.SubKeys ?? []
        let id = adapter.GetString("MatchingDeviceId") ?? ""
        where id.Contains("ven_1af4", StringComparison.OrdinalIgnoreCase) || id.StartsWith("XEN", StringComparison.OrdinalIgnoreCase)
        let address = adapter.GetString("NetworkAddress")
        where !string.IsNullOrWhiteSpace(address)
        select $@"{adapter.Path}\NetworkAddress={address}").FirstOrDefault();
}
