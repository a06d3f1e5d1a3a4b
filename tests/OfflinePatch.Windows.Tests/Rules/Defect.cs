using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>One thing that is wrong with a machine, the rule that must notice, and whether <c>fix</c> mends it.</summary>
public sealed record Defect(string Name, string Rule, bool Fixable, Action<Machine> Break, string Names)
{
    public override string ToString() => Name;

    /// <summary>Another rule that tells of it, and is content when it is mended; or null.</summary>
    public string? Also { get; init; }

    /// <summary>How much it matters, where that is not the severity of the rule.</summary>
    public RuleSeverity? Severity { get; init; }

    /// <summary>Generations and firmware on which it makes sense; null: all.</summary>
    public Func<Generation, Firmware, bool>? Where { get; init; }

    public static IReadOnlyList<Defect> All { get; } =
    [
        new("static address", "network.dhcp", true, m => MakeStatic(m, "ControlSet001"), "Interfaces"),
        new("static address in the other control set", "network.dhcp", true, m => MakeStatic(m, "ControlSet002"),
            @"ControlSet002 {AAAAAAAA"),
        new("static DNS only", "network.dhcp", true,
            m => m.AddInterface("{AAAAAAAA-0000-0000-0000-000000000001}").SetString("NameServer", "10.0.0.2"),
            "{AAAAAAAA-0000-0000-0000-000000000001}"),
        new("global static DNS", "network.dhcp", true, m => m.Set(@"Services\Tcpip\Parameters").SetString("NameServer", "10.0.0.2"),
            @"ControlSet001\Services\Tcpip\Parameters: DNS"),
        new("DHCP off without address", "network.dhcp", true,
            m => m.AddInterface("{AAAAAAAA-0000-0000-0000-000000000002}").SetDword("EnableDHCP", 0),
            "{AAAAAAAA-0000-0000-0000-000000000002}"),
        new("DHCP service disabled", "network.services", true, m => m.Set(@"Services\Dhcp").SetDword("Start", 4), "Dhcp"),
        new("NDIS disabled", "network.services", true, m => m.Set(@"Services\NDIS").SetDword("Start", 4), "NDIS"),
        new("SAN policy offline", "storage.san-policy", true, m => m.Set(@"Services\partmgr\Parameters").SetDword("SanPolicy", 3),
            "SanPolicy"),
        new("keyboard filter lost", "input.mouse-keyboard", true,
            m => m.Set(@"Control\Class\{4d36e96b-e325-11ce-bfc1-08002be10318}").DeleteValue("UpperFilters"),
            @"Control\Class\{4D36E96B-E325-11CE-BFC1-08002BE10318}\UpperFilters"),
        new("VirtualBox mouse filter", "input.mouse-keyboard", true,
            m => m.Set(@"Control\Class\{4d36e96f-e325-11ce-bfc1-08002be10318}").SetMultiString("UpperFilters", ["VBoxMouse", "mouclass"]),
            @"{4D36E96F-E325-11CE-BFC1-08002BE10318}\UpperFilters: VBoxMouse"),
        new("keyboard driver disabled", "input.mouse-keyboard", true, m => m.Set(@"Services\i8042prt").SetDword("Start", 4),
            @"ControlSet001\Services\i8042prt\Start=4"),
        new("IDE driver disabled", "boot.controllers", true, m => m.Set(@"Services\atapi").SetDword("Start", 4),
            @"ControlSet001\Services\atapi\Start=4"),
        new("AHCI driver on demand", "boot.controllers", true,
            m => m.Set(m.IsOld ? @"Services\msahci" : @"Services\storahci").SetDword("Start", 3), "ahci\\Start=3"),
        new("IDE driver overridden", "boot.controllers", true, m => m.Set(@"Services\intelide\StartOverride").SetDword("0", 3),
            @"Services\intelide\StartOverride\0=3"),
        new("NVMe driver disabled", "boot.controllers", true, m => m.Set(@"Services\stornvme").SetDword("Start", 4),
            @"ControlSet001\Services\stornvme\Start=4")
        { Where = (g, _) => !Machine.Old(g) },
        new("NVMe driver overridden", "boot.controllers", true, m => m.Set(@"Services\stornvme\StartOverride").SetDword("0", 3),
            @"Services\stornvme\StartOverride\0=3")
        { Where = (g, _) => !Machine.Old(g) },
        new("class filter without driver", "boot.controllers", true,
            m => m.Set(@"Control\Class\{4d36e967-e325-11ce-bfc1-08002be10318}").SetMultiString("LowerFilters", ["ghostflt"]),
            @"Control\Class\{4d36e967-e325-11ce-bfc1-08002be10318}\LowerFilters: ghostflt"),
        new("IDE driver disabled and its file gone", "boot.controllers", false, m =>
        {
            m.Set(@"Services\atapi").SetDword("Start", 4);
            m.WindowsFiles.Delete(@"Windows\System32\drivers\atapi.sys");
        }, "atapi.sys"),
        new("IDE channel not in the critical device database", "boot.controllers", true,
            m => m.Set(@"Control\CriticalDeviceDatabase").DeleteSubKeyTree("primary_ide_channel"),
            @"Control\CriticalDeviceDatabase\primary_ide_channel")
        { Where = (g, _) => Machine.Old(g) },
        new("Parallels driver", "drivers.leftovers", true, m =>
        {
            m.Service("prl_strg", 0);
            m.WindowsFiles.Put(@"Windows\System32\drivers\prl_strg.sys", [1]);
            m.Set(@"Control\Class\{4d36e967-e325-11ce-bfc1-08002be10318}").SetMultiString("LowerFilters", ["prl_strg"]);
        }, "prl_strg"),
        new("VMware Tools", "drivers.leftovers", false, m => m.Service("VMTools", 2), "VMTools"),
        new("old Xen driver", "drivers.leftovers", true, m => m.Service("rhelscsi", 0), "rhelscsi"),
        new("dirty volume", "volume.dirty", false, m => m.Condition = new VolumeState { IsDirty = true }, "$Volume"),
        new("unclean log", "volume.log-unclean", false, m => m.Condition = new VolumeState { LogProblem = "$LogFile: version 2.0." },
            "$LogFile"),
        new("free clusters that a file owns", "volume.allocation", false,
            m =>
                m.WindowsFiles.Obstacles = [new VolumeFinding("NTFS-0304", FindingSeverity.Error, "$Bitmap",
                    "expected cluster 9 in use, found free")], "cluster 9"),
        new("hibernated", "volume.hibernated", false, m => m.Condition = new VolumeState { HibernationProblem = "hiberfil.sys: HIBR." },
            "hiberfil.sys"),
        new("pending servicing (CBS)", "windows.servicing-pending", false,
            m => m.Software.Create(@"Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"), "RebootPending"),
        new("pending servicing (pending.xml)", "windows.servicing-pending", false,
            m => m.WindowsFiles.Put(@"Windows\WinSxS\pending.xml", [1]), "pending.xml"),
        new("pending servicing (poqexec)", "windows.servicing-pending", false,
            m => m.Set(@"Control\Session Manager").SetMultiString("SetupExecute", [@"C:\Windows\System32\poqexec.exe /noreboot"]),
            "SetupExecute"),
        new("setup in progress", "windows.sysprep", false, m => m.System.Create("Setup").SetDword("SystemSetupInProgress", 1),
            "SystemSetupInProgress") { Severity = RuleSeverity.Error },
        new("setup that starts again", "windows.sysprep", false, m => m.System.Create("Setup").SetDword("SetupType", 2), "SetupType=2")
        {
            Severity = RuleSeverity.Error,
        },
        new("undeployable image", "windows.sysprep", false,
            m => m.Software.Create(@"Microsoft\Windows\CurrentVersion\Setup\State").SetString("ImageState", "IMAGE_STATE_UNDEPLOYABLE"),
            "UNDEPLOYABLE") { Severity = RuleSeverity.Error },
        new("generalisation state of another type", "windows.sysprep", false,
            m => m.System.Create(@"Setup\Status\SysprepStatus").SetString("GeneralizationState", "7"), "GeneralizationState="),
        new("audit mode", "windows.sysprep", false,
            m => m.Software.Create(@"Microsoft\Windows\CurrentVersion\Setup\State").SetString("ImageState", "IMAGE_STATE_AUDIT"),
            "IMAGE_STATE_AUDIT"),
        new("interrupted sysprep", "windows.sysprep", false,
            m => m.System.Create(@"Setup\Status\SysprepStatus").SetDword("GeneralizationState", 3),
            @"SYSTEM\Setup\Status\SysprepStatus\GeneralizationState=3"),
        new("a boot driver will be deleted", "windows.pending-renames", true,
            m => m.Rename(@"\??\C:\Windows\System32\drivers\disk.sys", ""), @"\??\C:\Windows\System32\drivers\disk.sys")
        { Also = "windows.pending-restart" },
        new("update waits for a restart", "windows.pending-restart", false,
            m => m.Software.Create(@"Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"),
            @"SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"),
        new("disk check at boot", "windows.pending-restart", false,
            m => m.Set(@"Control\Session Manager").SetMultiString("BootExecute", [@"autocheck autochk /r \??\C:", "autocheck autochk *"]),
            "BootExecute"),
        new("administrator disabled", "accounts.administrator", false, m => m.AddAccount(500, "Administrator", 0x0211, hasPassword: true),
            "disabled"),
        new("user without a password", "accounts.password", false, m => m.AddAccount(1001, "kiosk", 0x0210, hasPassword: false), "kiosk"),
        new("fallback loader missing", "boot.loader", true, m => m.SystemFiles.Delete(m.FallbackLoader), @"EFI\Boot")
        { Where = (_, f) => f == Firmware.Uefi },
        new("no protective entry", "boot.loader", true, m => m.Disk.Write(0x1BE, new byte[16]), "no protective entry")
        {
            Where = (_, f) => f == Firmware.Uefi,
        },
        new("protective entry that starts at sector 0", "boot.loader", true, m => m.Disk.Write(0x1BE + 8, new byte[4]),
            "starts at sector 0")
        { Where = (_, f) => f == Firmware.Uefi },
        new("no sector 0 and no fallback loader", "boot.loader", true, m =>
        {
            m.Disk.Write(0, new byte[512]);
            m.SystemFiles.Delete(m.Generation == Generation.Windows7 ? @"EFI\Boot\bootia32.efi" : @"EFI\Boot\bootx64.efi");
        }, @"\EFI\Boot\boot") { Where = (_, f) => f == Firmware.Uefi },
        new("no protective entry and no slot for one", "boot.loader", false, m =>
        {
            m.Disk.Write(0x1BE, new byte[66]);
            for (var slot = 0; slot < 4; slot++)
            {
                m.Disk.Write(0x1BE + (16 * slot) + 4, [0x83]);
            }
        }, "hold something else") { Where = (_, f) => f == Firmware.Uefi },
        new("no active partition", "boot.loader", true, m => m.Disk.Write(0x1BE, [0]), "active") { Where = (_, f) => f == Firmware.Bios },
        new("wrong HiddenSectors", "boot.loader", true, m => m.Disk.Write(Machine.MiB + 0x1C, [63, 0, 0, 0]), "HiddenSectors")
        { Where = (_, f) => f == Firmware.Bios },
        new("no boot code", "boot.loader", true, m => m.Disk.Write(0, new byte[0x1B8]), "boot code")
        {
            Where = (_, f) => f == Firmware.Bios,
        },
        new("BCD of another disk", "boot.same-disk", false, m =>
        {
            var device = m.Firmware == Firmware.Uefi
                ? Machine.GptDevice(Guid.Parse("99999999-0001-0002-0003-000000000001"), Machine.WindowsGuid)
                : Machine.MbrDevice(0x12345678, Machine.WindowsOffset);
            m.Loader("21000001").SetBinary("Element", device);
            m.Loader("11000001").SetBinary("Element", device);
        }, "another disk"),
        new("BCD names a partition that is gone", "boot.same-disk", false, m => m.Loader("21000001").SetBinary("Element",
            m.Firmware == Firmware.Uefi
                ? Machine.GptDevice(Machine.DiskGuid, Guid.Parse("99999999-0001-0002-0003-000000000001"))
                : Machine.MbrDevice(Machine.Signature, 12345 * 512)), "no such partition"),
        new("BCD starts a VHD", "boot.same-disk", false, m =>
        {
            var element = m.Loader("21000001").GetBinary("Element")!;
            element[0x30] = 6;
            m.Loader("21000001").SetBinary("Element", element);
        }, "virtual disk"),
        new("BCD without a loader", "boot.same-disk", false, m => m.Bcd.Find("Objects")!.DeleteSubKeyTree(Machine.LoaderId), "no entry"),
        new("boot manager of another partition", "boot.same-disk", false,
            m => m.Element(Machine.BootManagerId, 0x10100002, "11000001").SetBinary("Element",
            m.Firmware == Firmware.Uefi
                ? Machine.GptDevice(Machine.DiskGuid, Machine.WindowsGuid)
                : Machine.MbrDevice(Machine.Signature, Machine.WindowsOffset)), "boot manager's device")
        { Severity = RuleSeverity.Warning },
        new("BCD starts Windows for the other firmware", "boot.same-disk", false,
            m => m.Loader("12000002")
                .SetString("Element", m.Firmware == Firmware.Uefi ? @"\Windows\system32\winload.exe" : @"\Windows\system32\winload.efi"),
            @"\Windows\system32\winload"),
        new("loader file missing", "boot.same-disk", false,
            m => m.WindowsFiles.Delete($@"Windows\System32\winload.{(m.Firmware == Firmware.Uefi ? "efi" : "exe")}"),
            @"\Windows\system32\winload"),
        new("BCD starts a memory test", "boot.same-disk", false, m => m.Loader("12000002").SetString("Element", @"\boot\memtest.exe"),
            "memtest.exe"),
        new("BCD starts a setup environment", "boot.same-disk", false, m => m.Loader("26000022").SetBinary("Element", [1]), "not Windows"),
        new("safe mode", "boot.same-disk", false, m => m.Loader("25000080").SetBinary("Element", [1, 0, 0, 0, 0, 0, 0, 0]), "safeboot"),
        new("boot sector without code", "boot.loader", false, m => m.Disk.Write(Machine.MiB + 0x54, new byte[510 - 0x54]),
            "boot sector of partition 1")
        { Where = (_, f) => f == Firmware.Bios },
        new("boot sector without signature", "boot.loader", false, m => m.Disk.Write(Machine.MiB + 510, new byte[2]), "55AA")
        {
            Where = (_, f) => f == Firmware.Bios,
        },
        new("boot sector of Windows XP", "boot.loader", false, m => m.Disk.Write(Machine.MiB + 0x180, "NTLDR is missing"u8), "NTLDR")
        { Where = (_, f) => f == Firmware.Bios },
        new("another fallback loader", "boot.loader", true, m => m.SystemFiles.Put(m.FallbackLoader, [1, 2, 3]), @"\EFI\Boot\boot")
        { Where = (_, f) => f == Firmware.Uefi },
        new("boot manager missing", "boot.loader", false, m => m.SystemFiles.Delete(@"EFI\Microsoft\Boot\bootmgfw.efi"),
            @"\EFI\Microsoft\Boot\bootmgfw.efi")
        { Where = (_, f) => f == Firmware.Uefi },
        new("device filter without driver", "boot.controllers", true, m =>
        {
            var bridge = m.Set(@"Enum\ACPI\PNP0A03\2&daba3ff&0");
            bridge.SetString("ClassGUID", "{4d36e97d-e325-11ce-bfc1-08002be10318}");
            bridge.SetMultiString("UpperFilters", ["ghostflt"]);
        }, @"Enum\ACPI\PNP0A03\2&daba3ff&0\UpperFilters: ghostflt"),
        new("Parallels filter of a device", "drivers.leftovers", true, m =>
        {
            m.Service("prl_strg", 0);
            m.WindowsFiles.Put(@"Windows\System32\drivers\prl_strg.sys", [1]);
            var disk = m.Set(@"Enum\IDE\DiskX\1");
            disk.SetString("ClassGUID", "{4d36e967-e325-11ce-bfc1-08002be10318}");
            disk.SetMultiString("LowerFilters", ["prl_strg", "partmgr"]);
        }, @"ControlSet001\Services\prl_strg\Start=0"),
        new("files wait to be replaced", "windows.pending-restart", false,
            m => m.Rename(@"\??\C:\Windows\Temp\new.dll", @"!\??\C:\Windows\System32\old.dll"), @"\??\C:\Windows\Temp\new.dll"),
        new("letters of another disk", "image.single-disk", false, m => m.System.Create("MountedDevices").SetBinary(@"\DosDevices\E:",
            [1, 2, 3, 4, 0, 0, 0x10, 0, 0, 0, 0, 0]), "E:"),
        new("third-party filter without service", "boot.controllers", true, m => m.Class(Hdc).SetMultiString("LowerFilters", ["iaStorF"]),
            @"LowerFilters: iaStorF has no service"),
        new("filter that starts on demand", "boot.controllers", true, m =>
        {
            m.Driver("acmeflt", 3);
            m.Class(Hdc).SetMultiString("UpperFilters", ["acmeflt"]);
        }, @"Services\acmeflt\Start=3"),
        new("filter that starts with the system", "boot.controllers", true, m =>
        {
            m.Driver("acmeflt", 1);
            m.Class(DiskDrive).SetMultiString("LowerFilters", ["acmeflt"]);
        }, @"Services\acmeflt\Start=1"),
        new("disabled filter that is still listed", "boot.controllers", true, m =>
        {
            m.Driver("acmeflt", 4);
            m.Class(DiskDrive).SetMultiString("UpperFilters", ["acmeflt", "partmgr"]);
        }, @"Services\acmeflt\Start=4"),
        new("disabled Xen filter that is still listed", "boot.controllers", true, m =>
        {
            m.Driver("xenfilt", 4);
            m.Class(Hdc).SetMultiString("UpperFilters", ["XENFILT"]);
            m.Class(SystemDevices).SetMultiString("UpperFilters", ["XENFILT"]);
        }, "XENFILT is disabled"),
        new("overridden filter", "boot.controllers", true, m =>
        {
            m.Driver("acmeflt", 0).CreateSubKey("StartOverride").SetDword("0", 3);
            m.Class(Hdc).SetMultiString("UpperFilters", ["acmeflt"]);
        }, @"Services\acmeflt\StartOverride"),
        new("filter whose path is for later", "boot.controllers", true, m =>
        {
            m.Driver("acmeflt", 3).SetExpandString("ImagePath", @"\??\C:\Windows\System32\drivers\acmeflt.sys");
            m.Class(Hdc).SetMultiString("UpperFilters", ["acmeflt"]);
        }, "acmeflt cannot start at boot"),
        new("filter of Windows disabled", "boot.controllers", true, m =>
        {
            m.Driver("rdyboost", 4);
            m.Class(VolumeClass).SetMultiString("LowerFilters", ["rdyboost"]);
        }, @"Services\rdyboost\Start=4"),
        new("filter of Windows without its file", "boot.controllers", false, m =>
        {
            m.Driver("fvevol", 0);
            m.WindowsFiles.Delete(@"Windows\System32\drivers\fvevol.sys");
            m.Class(VolumeClass).SetMultiString("LowerFilters", ["fvevol"]);
        }, "fvevol.sys"),
        new("filter of a device on demand", "boot.controllers", true, m =>
        {
            m.Driver("acmeflt", 3);
            var device = m.Set(@"Enum\PCI\VEN_8086&DEV_7010\3&1");
            device.SetString("ClassGUID", $"{{{Hdc}}}");
            device.SetMultiString("LowerFilters", ["acmeflt"]);
        }, @"Enum\PCI\VEN_8086&DEV_7010\3&1\LowerFilters: acmeflt"),
        new("letter of Windows given to the system partition", "boot.drive-letter", true,
            m => m.System.Create("MountedDevices").SetBinary(@"\DosDevices\C:",
            m.Firmware == Firmware.Uefi
                ? [.. "DMIO:ID:"u8, .. Machine.EspGuid.ToByteArray()]
                : [0xEF, 0xBE, 0xAD, 0xDE, 0, 0, 0x10, 0, 0, 0, 0, 0]), @"\DosDevices\C:"),
        new("letter of Windows given to a partition that is gone", "boot.drive-letter", true,
            m => m.System.Create("MountedDevices").SetBinary(@"\DosDevices\C:",
            m.Firmware == Firmware.Uefi
                ? [.. "DMIO:ID:"u8, .. Guid.Parse("99999999-0001-0002-0003-000000000001").ToByteArray()]
                : [1, 2, 3, 4, 0, 0, 0x10, 0, 0, 0, 0, 0]), @"\DosDevices\C:"),
        new("partition of Windows under another letter", "boot.drive-letter", true, m =>
        {
            var mounted = m.System.Create("MountedDevices");
            mounted.SetBinary(@"\DosDevices\D:", mounted.GetBinary(@"\DosDevices\C:")!);
            mounted.SetBinary(@"\DosDevices\C:",
                m.Firmware == Firmware.Uefi
                    ? [.. "DMIO:ID:"u8, .. Machine.EspGuid.ToByteArray()]
                    : [0xEF, 0xBE, 0xAD, 0xDE, 0, 0, 0x10, 0, 0, 0, 0, 0]);
        }, @"\DosDevices\C:"),
        new("one-time boot sequence", "boot.next-start", true, m =>
        {
            m.Element(Recovery, 0x10200003, "12000004").SetString("Element", "Windows Recovery Environment");
            m.Element(Machine.BootManagerId, 0x10100002, "24000002").SetMultiString("Element", [Recovery]);
        }, "Windows Recovery Environment"),
        new("boot menu without end", "boot.next-start", false, m =>
        {
            m.Element(Machine.BootManagerId, 0x10100002, "25000004").SetBinary("Element", [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
            m.Element(Machine.BootManagerId, 0x10100002, "26000020").SetBinary("Element", [1]);
        }, "timeout"),
        new("menu of advanced options at every start", "boot.next-start", false, m => m.Loader("16000040").SetBinary("Element", [1]),
            "advancedoptions") { Severity = RuleSeverity.Warning },
        new("boot manager without graphics", "boot.next-start", false,
            m => m.Element(Machine.BootManagerId, 0x10100002, "16000046").SetBinary("Element", [1]), "graphicsmodedisabled")
        { Where = (_, f) => f == Firmware.Uefi, Severity = RuleSeverity.Warning },
        new("policy against unspecified devices", "windows.device-install", false,
            m => m.Software.Create(@"Policies\Microsoft\Windows\DeviceInstall\Restrictions").SetDword("DenyUnspecified", 1),
            "DenyUnspecified"),
        new("policy against the class of network adapters", "windows.device-install", false, m =>
        {
            m.Software.Create(@"Policies\Microsoft\Windows\DeviceInstall\Restrictions").SetDword("DenyDeviceClasses", 1);
            m.Software.Create(@"Policies\Microsoft\Windows\DeviceInstall\Restrictions\DenyDeviceClasses")
                .SetString("1", "{4D36E972-e325-11ce-bfc1-08002be10318}");
        }, "DenyDeviceClasses"),
        new("policy against VirtIO devices", "windows.device-install", false, m =>
        {
            m.Software.Create(@"Policies\Microsoft\Windows\DeviceInstall\Restrictions").SetDword("DenyDeviceIDs", 1);
            m.Software.Create(@"Policies\Microsoft\Windows\DeviceInstall\Restrictions\DenyDeviceIDs").SetString("1", @"PCI\VEN_1AF4");
        }, @"PCI\VEN_1AF4"),
        new("installation of devices disabled", "windows.device-install", false,
            m => m.Set(@"Services\PlugPlay\Parameters").SetDword("DeviceInstallDisabled", 1), "DeviceInstallDisabled"),
        new("security that needs a hypervisor", "windows.device-guard", false, m => m.Set(@"Control\DeviceGuard").SetDword("Mandatory", 1),
            "Mandatory"),
        new("memory integrity", "windows.device-guard", false,
            m => m.Set(@"Control\DeviceGuard\Scenarios\HypervisorEnforcedCodeIntegrity").SetDword("Enabled", 1),
            "HypervisorEnforcedCodeIntegrity"),
        new("VirtIO adapter remembered as disabled", "drivers.stale-devices", false,
            m => m.Set(@"Enum\PCI\VEN_1AF4&DEV_1000&SUBSYS_00011AF4&REV_00\3&13c0b0c5&0&18").SetDword("ConfigFlags", 1), "disabled"),
        new("VirtIO disk that was met without its driver", "drivers.stale-devices", false,
            m => m.Set(@"Enum\PCI\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00\3&13c0b0c5&0&20").SetDword("ConfigFlags", 0),
            @"VEN_1AF4&DEV_1001"),
        new("VirtIO adapter whose installation was not finished", "drivers.stale-devices", false,
            m => m.Set(@"Enum\PCI\VEN_1AF4&DEV_1041&SUBSYS_11001AF4&REV_01\3&13c0b0c5&0&18").SetString("Service", "netkvm"), "no Driver"),
        new("network service without its device", "drivers.stale-devices", false, m =>
        {
            m.System.Create(@"DriverDatabase\DeviceIds\PCI\VEN_1AF4&DEV_1000").SetBinary("oem3.inf", [1, 255, 0, 0]);
            m.Service("netkvm", 3);
        }, @"Services\netkvm") { Where = (g, _) => !Machine.Old(g) },
        new("package without files", "drivers.database", false, m => AddPackage(m, "guestor.inf", "guestor.inf_amd64_0000000000000000"),
            "guestor.inf_amd64_0000000000000000") { Where = (g, _) => !Machine.Old(g) },
        new("processors claimed by hidinterrupt", "drivers.database", false,
            m => m.System.Create(@"DriverDatabase\DeviceIds\ACPI\ACPI0010").SetBinary("hidinterrupt.inf", [1, 255, 0, 0]), "ACPI0010")
        {
            Where = (g, _) => !Machine.Old(g),
            Severity = RuleSeverity.Info,
        },
        new("prepared for Windows 7", "drivers.database", false, m =>
        {
            m.System.Create("DriverDatabase");
            m.Set(@"Control\CriticalDeviceDatabase\pci#ven_1af4&dev_1001&subsys_00021af4").SetString("Service", "viostor");
        }, @"CriticalDeviceDatabase\pci#ven_1af4") { Where = (g, _) => !Machine.Old(g) },
        new("Credential Guard", "windows.device-guard", false, m => m.Set(@"Control\Lsa").SetDword("LsaCfgFlags", 1), "LsaCfgFlags")
        {
            Severity = RuleSeverity.Info,
        },
        new("failed Xen device", "drivers.stale-devices", false,
            m => m.Set(@"Enum\PCI\VEN_5853&DEV_0001\3&1").SetDword("ConfigFlags", 0x40), "failed"),
        new("Plug and Play disabled", "network.services", true, m => m.Service("PlugPlay", 4), "PlugPlay"),
        new("installation of adapters disabled", "network.services", true, m => m.Service("NetSetupSvc", 4), "NetSetupSvc"),
        new("checks of signatures disabled", "network.services", true, m => m.Service("CryptSvc", 4), "CryptSvc"),
        new("route to the metadata of another cloud", "network.dhcp", false,
            m => m.Set(@"Services\Tcpip\Parameters\PersistentRoutes").SetString("169.254.169.254,255.255.255.255,10.0.0.1,15", ""),
            "169.254.169.254") { Severity = RuleSeverity.Warning },
        new("default route that stays", "network.dhcp", false,
            m => m.Set(@"Services\Tcpip\Parameters\PersistentRoutes").SetString("0.0.0.0,0.0.0.0,10.0.0.1,1", ""), "0.0.0.0")
        { Severity = RuleSeverity.Warning },
        new("generalisation that never ended", "windows.sysprep", false,
            m => m.System.Create(@"Setup\Status\SysprepStatus").SetDword("GeneralizationState", 9), "GeneralizationState=9"),
        new("domain controller without its database", "image.single-disk", false, m =>
        {
            m.Set(@"Control\ProductOptions").SetString("ProductType", "LanmanNT");
            m.Set(@"Services\NTDS\Parameters").SetString("DSA Database file", @"E:\NTDS\ntds.dit");
        }, "0xC00002E2") { Severity = RuleSeverity.Error, Where = (g, _) => Machine.Server(g) },
        new("domain controller without the log of its database", "image.single-disk", false, m =>
        {
            m.Set(@"Control\ProductOptions").SetString("ProductType", "LanmanNT");
            m.Set(@"Services\NTDS\Parameters").SetString("DSA Database file", @"C:\Windows\NTDS\ntds.dit");
            m.Set(@"Services\NTDS\Parameters").SetString("Database log files path", @"L:\NTDS");
        }, @"L:\NTDS") { Severity = RuleSeverity.Error, Where = (g, _) => Machine.Server(g) },
        new("profiles on another disk", "image.single-disk", false,
            m => m.Software.Create(@"Microsoft\Windows NT\CurrentVersion\ProfileList").SetExpandString("ProfilesDirectory", @"D:\Users"),
            @"D:\Users"),
        new("only page file on another disk", "image.single-disk", false,
            m => m.Set(@"Control\Session Manager\Memory Management").SetMultiString("PagingFiles", [@"P:\pagefile.sys 1024 4096"]),
            @"P:\pagefile.sys"),
        new("disk driver without service", "boot.controllers", false,
            m => m.System.Find(@"ControlSet001\Services")!.DeleteSubKeyTree("disk"), @"Services\disk is missing"),
        new("disk driver without file", "boot.controllers", false, m => m.WindowsFiles.Delete(@"Windows\System32\drivers\disk.sys"),
            "disk.sys"),
        new("IDE driver that starts without its file", "boot.controllers", false,
            m => m.WindowsFiles.Delete(@"Windows\System32\drivers\atapi.sys"), "atapi.sys"),
        new("no driver for IDE controllers", "boot.controllers", false, m =>
        {
            m.System.Find(@"ControlSet001\Services")!.DeleteSubKeyTree("intelide");
            m.System.Find(@"ControlSet001\Services")!.DeleteSubKeyTree("pciide");
        }, @"Services\intelide is missing"),
        new("volume driver disabled", "boot.controllers", true, m => m.Service("volume", 4), @"Services\volume\Start=4"),
        new("framework of drivers disabled", "boot.controllers", true, m => m.Service("Wdf01000", 4), @"Services\Wdf01000\Start=4"),
        new("critical boot driver without file", "boot.controllers", false, m =>
        {
            m.Driver("acmeraid", 0).SetDword("ErrorControl", 3);
            m.WindowsFiles.Delete(@"Windows\System32\drivers\acmeraid.sys");
        }, "acmeraid"),
        new("critical device that names a disabled driver", "boot.controllers", true, m =>
        {
            m.Driver("acmeide", 4);
            m.Set(@"Control\CriticalDeviceDatabase\pci#cc_0101").SetString("Service", "acmeide");
        }, "names acmeide") { Where = (g, _) => Machine.Old(g) },
        new("filter that is a program", "boot.controllers", true, m =>
        {
            m.Driver("acmesvc", 0).SetDword("Type", 0x10);
            m.Class(Hdc).SetMultiString("UpperFilters", ["acmesvc"]);
        }, "acmesvc is not a driver"),
        new("filter for another processor", "boot.controllers", true, m =>
        {
            m.Driver("acmeflt", 0);
            m.WindowsFiles.Put(@"Windows\System32\drivers\acmeflt.sys", Machine.Pe(0xAA64));
            m.Class(DiskDrive).SetMultiString("UpperFilters", ["acmeflt", "partmgr"]);
        }, "another processor"),
        new("filter of the root of all devices", "boot.controllers", true,
            m => m.Class("4d36e966-e325-11ce-bfc1-08002be10318").SetMultiString("UpperFilters", ["ghostflt"]), "ghostflt has no service"),
        new("filter of the volume manager", "boot.controllers", true, m =>
        {
            var device = m.Set(@"Enum\ROOT\VOLMGR\0000");
            device.SetString("ClassGUID", $"{{{SystemDevices}}}");
            device.SetMultiString("LowerFilters", ["ghostflt"]);
        }, @"Enum\ROOT\VOLMGR\0000\LowerFilters: ghostflt"),
        new("partition of Windows under a letter that its registry does not name", "boot.drive-letter", true, m =>
        {
            var mounted = m.System.Create("MountedDevices");
            mounted.SetBinary(@"\DosDevices\G:", mounted.GetBinary(@"\DosDevices\C:")!);
            mounted.DeleteValue(@"\DosDevices\C:");
        }, @"\DosDevices\G:"),
        new("safe mode by inheritance", "boot.same-disk", false, m =>
        {
            m.Loader("14000006").SetMultiString("Element", [Settings]);
            m.Element(Settings, 0x20200003, "25000080").SetBinary("Element", [1, 0, 0, 0, 0, 0, 0, 0]);
        }, "safeboot"),
        new("kernel of another name that is gone", "boot.same-disk", false,
            m => m.Loader("22000011").SetString("Element", "ntkrnlmp-debug.exe"), "ntkrnlmp-debug.exe"),
        new("search for a Windows that is not here", "boot.same-disk", false, m =>
        {
            var element = m.Loader("21000001").GetBinary("Element")!;
            element[0x10] = 5; // the boot device
            m.Loader("21000001").SetBinary("Element", element);
            m.Loader("22000002").SetString("Element", @"\WinOld");
        }, @"\WinOld"),
        new("kernel that waits for a debugger", "boot.next-start", false, m => m.Loader("260000a1").SetBinary("Element", [1]),
            "halbreakpoint"),
        new("one-time menu of advanced options", "boot.next-start", true, m => m.Loader("260000c3").SetBinary("Element", [1]),
            "onetimeadvancedoptions"),
        new("default entry that does not exist", "boot.next-start", false,
            m => m.Element(Machine.BootManagerId, 0x10100002, "23000003").SetString("Element", Recovery), Recovery)
        {
            Severity = RuleSeverity.Warning,
        },
        new("boot menu for an hour", "boot.next-start", false, m =>
        {
            m.Element(Machine.BootManagerId, 0x10100002, "25000004").SetBinary("Element", [0x10, 0x0E, 0, 0, 0, 0, 0, 0]);
            m.Element(Machine.BootManagerId, 0x10100002, "26000020").SetBinary("Element", [1]);
        }, "3600 seconds") { Severity = RuleSeverity.Warning },
        new("last start that failed", "boot.next-start", false,
            m => m.WindowsFiles.Put(@"Windows\bootstat.dat", BootStatus(succeeded: false)), "bootstat.dat")
        {
            Severity = RuleSeverity.Warning,
        },
        new("adapters must not be installed by their class code", "windows.device-install", false, m =>
        {
            m.Software.Create(@"Policies\Microsoft\Windows\DeviceInstall\Restrictions").SetDword("DenyDeviceIDs", 1);
            m.Software.Create(@"Policies\Microsoft\Windows\DeviceInstall\Restrictions\DenyDeviceIDs").SetString("1", @"PCI\CC_0200");
        }, @"PCI\CC_0200"),
        new("policy against removable devices", "windows.device-install", false,
            m => m.Software.Create(@"Policies\Microsoft\Windows\DeviceInstall\Restrictions").SetDword("DenyRemovableDevices", 1),
            "DenyRemovableDevices") { Severity = RuleSeverity.Warning },
        new("code integrity policy", "windows.device-guard", false,
            m => m.WindowsFiles.Put(@"Windows\System32\CodeIntegrity\SIPolicy.p7b", [1]), "SIPolicy.p7b"),
        new("IDE controller remembered as disabled", "drivers.stale-devices", false,
            m => m.Set(@"Enum\PCI\VEN_8086&DEV_7010&SUBSYS_11001AF4&REV_00\3&13c0b0c5&0&09").SetDword("ConfigFlags", 1), "disabled"),
        new("VirtIO adapter with a hardware address of its own", "drivers.stale-devices", false, m =>
        {
            var adapter = m.Set(@"Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}\0007");
            adapter.SetString("MatchingDeviceId", @"PCI\VEN_1AF4&DEV_1000");
            adapter.SetString("NetworkAddress", "525400ABCDEF");
        }, "525400ABCDEF"),
        new("dependency of the DHCP client disabled", "network.services", false, m =>
        {
            m.Set(@"Services\Dhcp").SetMultiString("DependOnService", ["NSI", "acmebase"]);
            m.Service("acmebase", 4);
        }, "acmebase"),
        new("DHCP client on demand", "network.services", false, m => m.Set(@"Services\Dhcp").SetDword("Start", 3), @"Services\Dhcp\Start=3")
        {
            Severity = RuleSeverity.Warning,
        },
        new("enabled administrator without a password and flags", "accounts.password", false,
            m => m.AddAccount(500, "Administrator", 0x0200, hasPassword: false), "Administrator")
        { Also = "accounts.administrator" },
        .. DeviceDefects.All,
    ];

    private const string Settings = "{6efb52bf-1766-41db-a6b3-0ee5eff72bd7}";
    private const string Recovery = "{0ff11e5a-7c00-4000-8000-00000000b0ff}";
    private const string DiskDrive = "4d36e967-e325-11ce-bfc1-08002be10318";
    private const string Hdc = "4d36e96a-e325-11ce-bfc1-08002be10318";
    private const string SystemDevices = "4d36e97d-e325-11ce-bfc1-08002be10318";
    private const string VolumeClass = "71a27cdd-812a-11d0-bec7-08002be2092f";

    private static byte[] BootStatus(bool succeeded)
    {
        var data = new byte[2048];
        data[0] = 12; // version
        data[4] = 1; // product: workstation
        data[8] = 1;
        data[9] = 30;
        data[0x0A] = succeeded ? (byte)1 : (byte)0;
        data[0x0B] = 1;
        return data;
    }

    private static void MakeStatic(Machine machine, string set)
    {
        var key = machine.AddInterface("{AAAAAAAA-0000-0000-0000-000000000003}", set);
        key.SetDword("EnableDHCP", 0);
        key.SetMultiString("IPAddress", ["10.0.0.5"]);
        key.SetMultiString("SubnetMask", ["255.255.255.0"]);
        key.SetMultiString("DefaultGateway", ["10.0.0.1"]);
        key.SetString("NameServer", "10.0.0.2");
    }

    /// <summary>A package in the index of drivers, as tools for migrations leave it.</summary>
    internal static void AddPackage(Machine machine, string inf, string package)
    {
        machine.System.Create($@"DriverDatabase\DriverPackages\{package}").SetString("", inf);
        var file = machine.System.Create($@"DriverDatabase\DriverInfFiles\{inf}");
        file.SetMultiString("", package);
        file.SetString("Active", package);
        machine.System.Create(@"DriverDatabase\DeviceIds\PCI\VEN_1AF4&DEV_1002").SetBinary(inf, [1, 255, 0, 0]);
    }
}
