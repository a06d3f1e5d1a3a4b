using OfflinePatch.Registry;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>Defects of what Windows installs and starts for the target: policies, stale devices, filters, services.</summary>
internal static class DeviceDefects
{
    internal const string Policies = @"CiPolicies\Active";
    private const string Net = "4d36e972-e325-11ce-bfc1-08002be10318";
    private const string Restrictions = @"Policies\Microsoft\Windows\DeviceInstall\Restrictions";

    public static IReadOnlyList<Defect> All { get; } =
    [
        new("policy against the class of disk controllers", "windows.device-install", false,
            m => Deny(m, "DenyDeviceClasses", "{4d36e97b-e325-11ce-bfc1-08002be10318}"), "the class of the disk controller"),
        new("policy that counts for installed devices too", "windows.device-install", false, m =>
        {
            Deny(m, "DenyDeviceIDs", @"PCI\VEN_1AF4&DEV_1000");
            m.Software.Create(Restrictions).SetDword("DenyDeviceIDsRetroactive", 1);
        }, "DenyDeviceIDsRetroactive=1"),
        new("policy against the class of disks", "windows.device-install", false,
            m => Deny(m, "DenyDeviceClasses", "{4d36e967-e325-11ce-bfc1-08002be10318}"), "the class of the disk")
        {
            Severity = RuleSeverity.Warning,
        },
        new("policy against one place of a VirtIO adapter", "windows.device-install", false,
            m => Deny(m, "DenyInstanceIDs", @"PCI\VEN_1AF4&DEV_1000&SUBSYS_00011AF4&REV_00\3&13C0B0C5&0&18"), "DenyInstanceIDs")
        {
            Severity = RuleSeverity.Warning,
        },
        new("layered policy against network adapters", "windows.device-install", false, m =>
        {
            m.Software.Create(Restrictions).SetDword("AllowDenyLayered", 1);
            Deny(m, "DenyDeviceClasses", "{4d36e972-e325-11ce-bfc1-08002be10318}");
        }, "DenyDeviceClasses"),
        new("copy of a policy that the start goes by", "windows.device-install", false,
            m => Deny(m, "DenyDeviceClasses", "{4d36e97b-e325-11ce-bfc1-08002be10318}", m.System, @"DriverDatabase\Policies\Restrictions"),
            @"SYSTEM\DriverDatabase\Policies\Restrictions\DenyDeviceClasses")
        { Where = (g, _) => !Machine.Old(g), Severity = RuleSeverity.Warning },
        new("Xen network device remembered as disabled", "drivers.stale-devices", false,
            m => m.Set(@"Enum\XENVIF\VEN_XP0001&DEV_NET&REV_08000009\0").SetDword("ConfigFlags", 1), @"Enum\XENVIF"),
        new("Xen network bus whose installation failed", "drivers.stale-devices", false, m =>
        {
            var device = m.Set(@"Enum\XENBUS\VEN_XP0001&DEV_VIF&REV_0800000B\_");
            device.SetString("Driver", @"{4d36e97d-e325-11ce-bfc1-08002be10318}\0042");
            device.SetDword("ConfigFlags", 0x40);
        }, @"Enum\XENBUS"),
        new("Xen disk that was met without its driver", "drivers.stale-devices", false,
            m => m.Set(@"Enum\XENBUS\VEN_XP0001&DEV_VBD&REV_0900000B\_").SetDword("ConfigFlags", 0), "without a driver for it"),
        new("disk of QEMU remembered as disabled", "drivers.stale-devices", false,
            m => m.Set(@"Enum\SCSI\Disk&Ven_QEMU&Prod_QEMU_HARDDISK\5&1&0&000000").SetDword("ConfigFlags", 1), @"Enum\SCSI"),
        new("IDE channel to be installed again", "drivers.stale-devices", false,
            m => m.Set(@"Enum\PCIIDE\IDEChannel\4&10bf2f88&0&0").SetDword("ConfigFlags", 0x20), @"Enum\PCIIDE"),
        new("VirtIO adapter disabled in a hardware profile", "drivers.stale-devices", false,
            m => m.Set(@"Hardware Profiles\0001\System\CurrentControlSet\Enum\PCI\VEN_1AF4&DEV_1000&SUBSYS_00011AF4&REV_00\3&13c0b0c5&0&18")
                .SetDword("CSConfigFlags", 1), "CSConfigFlags=0x1"),
        new("DHCP client missing", "network.services", false, m => m.System.Find(@"ControlSet001\Services")!.DeleteSubKeyTree("Dhcp"),
            @"Services\Dhcp: missing"),
        new("TCP/IP missing", "network.services", false, m => m.System.Find(@"ControlSet001\Services")!.DeleteSubKeyTree("Tcpip"),
            @"Services\Tcpip: missing"),
        new("service of the target's network adapter disabled", "network.services", true, m => m.Service("netkvm", 4),
            @"Services\netkvm\Start=4"),
        new("dependency of the DHCP client that is not there", "network.services", false,
            m => m.Set(@"Services\Dhcp").SetMultiString("DependOnService", ["NSI", "gonebase"]), @"Services\gonebase: missing"),
        new("group of drivers of the DHCP client without a driver", "network.services", false,
            m => m.Set(@"Services\Dhcp").SetMultiString("DependOnGroup", ["PNP_TDI of acme"]), "PNP_TDI of acme (Dhcp)"),
        new("filter of network adapters without service", "network.services", true,
            m => m.Class(Net).SetMultiString("LowerFilters", ["ghostnet"]), "ghostnet has no service"),
        new("filter of network adapters that is disabled", "network.services", true, m =>
        {
            m.Driver("acmenet", 4);
            m.Class(Net).SetMultiString("UpperFilters", ["acmenet"]);
        }, "acmenet is disabled"),
        new("disabled filter of keyboards", "input.mouse-keyboard", true, m =>
        {
            m.Driver("acmekbd", 4);
            m.Class("4d36e96b-e325-11ce-bfc1-08002be10318").SetMultiString("UpperFilters", ["acmekbd", "kbdclass"]);
        }, "acmekbd"),
        new("filter of USB without driver", "input.mouse-keyboard", true,
            m => m.Class("36fc9e60-c465-11cf-8056-444553540000").SetMultiString("UpperFilters", ["USBPcap"]), "USBPcap"),
        new("code integrity policy on the system partition", "windows.device-guard", false,
            m => m.SystemFiles.Put(@"EFI\Microsoft\Boot\SIPolicy.p7b", [1]), "SIPolicy.p7b") { Where = (_, f) => f == Firmware.Uefi },
        new("one of several code integrity policies", "windows.device-guard", false, m =>
        {
            ReadsSeveralPolicies(m);
            m.WindowsFiles.Put($@"Windows\System32\CodeIntegrity\{Policies}\{{6F31F6B4-EC77-4D7D-BCD0-4668F3790C71}}.cip", [1]);
        }, "{6F31F6B4-EC77-4D7D-BCD0-4668F3790C71}.cip") { Where = (g, _) => g == Generation.Windows10 },
        new("one of several code integrity policies, which this Windows does not read", "windows.device-guard", false,
            m => m.WindowsFiles.Put($@"Windows\System32\CodeIntegrity\{Policies}\{{6F31F6B4-EC77-4D7D-BCD0-4668F3790C71}}.cip", [1]),
            "reads SIPolicy.p7b only") { Severity = RuleSeverity.Info },
        new("one of several code integrity policies on the system partition", "windows.device-guard", false, m =>
        {
            ReadsSeveralPolicies(m);
            m.SystemFiles.Put($@"EFI\Microsoft\Boot\{Policies}\{{8F9CB695-5D48-48D6-A329-7202B44607E3}}.cip", [1]);
            m.SystemFiles.Put($@"EFI\Microsoft\Boot\{Policies}\payroll.CIP", [1]);
        }, $@"{Policies}\payroll.CIP") { Where = (g, f) => g == Generation.Windows10 && f == Firmware.Uefi },
    ];

    /// <summary>Makes it Windows 10 22H2; Windows reads several code integrity policies from 1903 on.</summary>
    internal static void ReadsSeveralPolicies(Machine machine) =>
        machine.Software.Create(@"Microsoft\Windows NT\CurrentVersion").SetString("CurrentBuildNumber", "19045");

    /// <summary>A list of a device installation policy, switched on.</summary>
    internal static void Deny(Machine machine, string list, string item, Hive? hive = null, string place = Restrictions)
    {
        var key = (hive ?? machine.Software).Create(place);
        key.SetDword(list, 1);
        key.CreateSubKey(list).SetString($"{key.Find(list)!.Values.Count() + 1}", item);
    }
}
