using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>One thing that is wrong with a machine, the rule that must notice, and whether <c>fix</c> mends it.</summary>
public sealed record Defect(string Name, string Rule, bool Fixable, Action<Machine> Break, string Names)
{
    public override string ToString() => Name;

    /// <summary>Another rule that tells of it, and is content when it is mended; or null.</summary>
    public string? Also { get; init; }

    /// <summary>Generations and firmware on which it makes sense; null: all.</summary>
    public Func<Generation, Firmware, bool>? Where { get; init; }

    public static IReadOnlyList<Defect> All { get; } =
    [
        new("static address", "network.dhcp", true, m => MakeStatic(m, "ControlSet001"), "Interfaces"),
        new("static address in the other control set", "network.dhcp", true, m => MakeStatic(m, "ControlSet002"), @"ControlSet002 {AAAAAAAA"),
        new("static DNS only", "network.dhcp", true, m => m.AddInterface("{AAAAAAAA-0000-0000-0000-000000000001}").SetString("NameServer", "10.0.0.2"), "{AAAAAAAA-0000-0000-0000-000000000001}"),
        new("global static DNS", "network.dhcp", true, m => m.Set(@"Services\Tcpip\Parameters").SetString("NameServer", "10.0.0.2"), @"ControlSet001\Services\Tcpip\Parameters: DNS"),
        new("DHCP off without address", "network.dhcp", true, m => m.AddInterface("{AAAAAAAA-0000-0000-0000-000000000002}").SetDword("EnableDHCP", 0), "{AAAAAAAA-0000-0000-0000-000000000002}"),
        new("DHCP service disabled", "network.services", true, m => m.Set(@"Services\Dhcp").SetDword("Start", 4), "Dhcp"),
        new("NDIS disabled", "network.services", true, m => m.Set(@"Services\NDIS").SetDword("Start", 4), "NDIS"),
        new("SAN policy offline", "storage.san-policy", true, m => m.Set(@"Services\partmgr\Parameters").SetDword("SanPolicy", 3), "SanPolicy"),
        new("keyboard filter lost", "input.mouse-keyboard", true, m => m.Set(@"Control\Class\{4d36e96b-e325-11ce-bfc1-08002be10318}").DeleteValue("UpperFilters"), @"Control\Class\{4D36E96B-E325-11CE-BFC1-08002BE10318}\UpperFilters"),
        new("VirtualBox mouse filter", "input.mouse-keyboard", true,
            m => m.Set(@"Control\Class\{4d36e96f-e325-11ce-bfc1-08002be10318}").SetMultiString("UpperFilters", ["VBoxMouse", "mouclass"]), @"{4D36E96F-E325-11CE-BFC1-08002BE10318}\UpperFilters: VBoxMouse"),
        new("keyboard driver disabled", "input.mouse-keyboard", true, m => m.Set(@"Services\i8042prt").SetDword("Start", 4), @"ControlSet001\Services\i8042prt\Start=4"),
        new("IDE driver disabled", "boot.controllers", true, m => m.Set(@"Services\atapi").SetDword("Start", 4), @"ControlSet001\Services\atapi\Start=4"),
        new("AHCI driver on demand", "boot.controllers", true, m => m.Set(m.Generation == Generation.Windows7 ? @"Services\msahci" : @"Services\storahci").SetDword("Start", 3), "ahci\\Start=3"),
        new("IDE driver overridden", "boot.controllers", true, m => m.Set(@"Services\intelide\StartOverride").SetDword("0", 3), @"Services\intelide\StartOverride\0=3"),
        new("NVMe driver disabled", "boot.controllers", true, m => m.Set(@"Services\stornvme").SetDword("Start", 4), @"ControlSet001\Services\stornvme\Start=4")
        { Where = (g, _) => g != Generation.Windows7 },
        new("NVMe driver overridden", "boot.controllers", true, m => m.Set(@"Services\stornvme\StartOverride").SetDword("0", 3), @"Services\stornvme\StartOverride\0=3")
        { Where = (g, _) => g != Generation.Windows7 },
        new("class filter without driver", "boot.controllers", true,
            m => m.Set(@"Control\Class\{4d36e967-e325-11ce-bfc1-08002be10318}").SetMultiString("LowerFilters", ["ghostflt"]), @"Control\Class\{4d36e967-e325-11ce-bfc1-08002be10318}\LowerFilters: ghostflt"),
        new("IDE driver disabled and its file gone", "boot.controllers", false, m =>
        {
            m.Set(@"Services\atapi").SetDword("Start", 4);
            m.WindowsFiles.Delete(@"Windows\System32\drivers\atapi.sys");
        }, "atapi.sys"),
        new("IDE channel not in the critical device database", "boot.controllers", true,
            m => m.Set(@"Control\CriticalDeviceDatabase").DeleteSubKeyTree("primary_ide_channel"), @"Control\CriticalDeviceDatabase\primary_ide_channel")
        { Where = (g, _) => g == Generation.Windows7 },
        new("Parallels driver", "drivers.leftovers", true, m =>
        {
            m.Service("prl_strg", 0);
            m.WindowsFiles.Put(@"Windows\System32\drivers\prl_strg.sys", [1]);
            m.Set(@"Control\Class\{4d36e967-e325-11ce-bfc1-08002be10318}").SetMultiString("LowerFilters", ["prl_strg"]);
        }, "prl_strg"),
        new("VMware Tools", "drivers.leftovers", false, m => m.Service("VMTools", 2), "VMTools"),
        new("old Xen driver", "drivers.leftovers", true, m => m.Service("rhelscsi", 0), "rhelscsi"),
        new("dirty volume", "volume.dirty", false, m => m.Condition = new VolumeState { IsDirty = true }, "$Volume"),
        new("unclean log", "volume.log-unclean", false, m => m.Condition = new VolumeState { LogProblem = "$LogFile: version 2.0." }, "$LogFile"),
        new("free clusters that a file owns", "volume.allocation", false,
            m => m.WindowsFiles.Obstacles = [new VolumeFinding("NTFS-0304", FindingSeverity.Error, "$Bitmap", "expected cluster 9 in use, found free")], "cluster 9"),
        new("hibernated", "volume.hibernated", false, m => m.Condition = new VolumeState { HibernationProblem = "hiberfil.sys: HIBR." }, "hiberfil.sys"),
        new("pending servicing (CBS)", "windows.servicing-pending", false,
            m => m.Software.Create(@"Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"), "RebootPending"),
        new("pending servicing (pending.xml)", "windows.servicing-pending", false, m => m.WindowsFiles.Put(@"Windows\WinSxS\pending.xml", [1]), "pending.xml"),
        new("pending servicing (poqexec)", "windows.servicing-pending", false,
            m => m.Set(@"Control\Session Manager").SetMultiString("SetupExecute", [@"C:\Windows\System32\poqexec.exe /noreboot"]), "SetupExecute"),
        new("setup in progress", "windows.sysprep", false, m => m.System.Create("Setup").SetDword("SystemSetupInProgress", 1), "SystemSetupInProgress"),
        new("audit mode", "windows.sysprep", false,
            m => m.Software.Create(@"Microsoft\Windows\CurrentVersion\Setup\State").SetString("ImageState", "IMAGE_STATE_AUDIT"), "IMAGE_STATE_AUDIT"),
        new("interrupted sysprep", "windows.sysprep", false, m => m.System.Create(@"Setup\Status\SysprepStatus").SetDword("GeneralizationState", 3), @"SYSTEM\Setup\Status\SysprepStatus\GeneralizationState=3"),
        new("a boot driver will be deleted", "windows.pending-renames", true, m => m.Rename(@"\??\C:\Windows\System32\drivers\disk.sys", ""), @"\??\C:\Windows\System32\drivers\disk.sys")
        { Also = "windows.pending-restart" },
        new("update waits for a restart", "windows.pending-restart", false,
            m => m.Software.Create(@"Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"), @"SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"),
        new("disk check at boot", "windows.pending-restart", false,
            m => m.Set(@"Control\Session Manager").SetMultiString("BootExecute", [@"autocheck autochk /r \??\C:", "autocheck autochk *"]), "BootExecute"),
        new("administrator disabled", "accounts.administrator", false, m => m.AddAccount(500, "Administrator", 0x0211, hasPassword: true), "disabled"),
        new("user without a password", "accounts.password", false, m => m.AddAccount(1001, "kiosk", 0x0210, hasPassword: false), "kiosk"),
        new("fallback loader missing", "boot.loader", true, m => m.SystemFiles.Delete(
            m.Generation == Generation.Windows7 ? @"EFI\Boot\bootia32.efi" : @"EFI\Boot\bootx64.efi"), @"EFI\Boot")
        { Where = (_, f) => f == Firmware.Uefi },
        new("no active partition", "boot.loader", true, m => m.Disk.Write(0x1BE, [0]), "active") { Where = (_, f) => f == Firmware.Bios },
        new("wrong HiddenSectors", "boot.loader", true, m => m.Disk.Write(Machine.MiB + 0x1C, [63, 0, 0, 0]), "HiddenSectors")
        { Where = (_, f) => f == Firmware.Bios },
        new("no boot code", "boot.loader", false, m => m.Disk.Write(0, new byte[0x1B8]), "boot code") { Where = (_, f) => f == Firmware.Bios },
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
        new("boot manager of another partition", "boot.same-disk", false, m => m.Element(Machine.BootManagerId, 0x10100002, "11000001").SetBinary("Element",
            m.Firmware == Firmware.Uefi ? Machine.GptDevice(Machine.DiskGuid, Machine.WindowsGuid) : Machine.MbrDevice(Machine.Signature, Machine.WindowsOffset)), "boot manager's device"),
        new("BCD starts Windows for the other firmware", "boot.same-disk", false,
            m => m.Loader("12000002").SetString("Element", m.Firmware == Firmware.Uefi ? @"\Windows\system32\winload.exe" : @"\Windows\system32\winload.efi"), @"\Windows\system32\winload"),
        new("loader file missing", "boot.same-disk", false,
            m => m.WindowsFiles.Delete($@"Windows\System32\winload.{(m.Firmware == Firmware.Uefi ? "efi" : "exe")}"), @"\Windows\system32\winload"),
        new("BCD starts a memory test", "boot.same-disk", false, m => m.Loader("12000002").SetString("Element", @"\boot\memtest.exe"), "memtest.exe"),
        new("BCD starts a setup environment", "boot.same-disk", false, m => m.Loader("26000022").SetBinary("Element", [1]), "not Windows"),
        new("safe mode", "boot.same-disk", false, m => m.Loader("25000080").SetBinary("Element", [1, 0, 0, 0, 0, 0, 0, 0]), "safeboot"),
        new("boot sector without code", "boot.loader", false, m => m.Disk.Write(Machine.MiB + 0x54, new byte[510 - 0x54]), "boot sector of partition 1")
        { Where = (_, f) => f == Firmware.Bios },
        new("boot sector without signature", "boot.loader", false, m => m.Disk.Write(Machine.MiB + 510, new byte[2]), "55AA") { Where = (_, f) => f == Firmware.Bios },
        new("boot sector of Windows XP", "boot.loader", false, m => m.Disk.Write(Machine.MiB + 0x180, "NTLDR is missing"u8), "NTLDR")
        { Where = (_, f) => f == Firmware.Bios },
        new("another fallback loader", "boot.loader", true, m => m.SystemFiles.Put(
            m.Generation == Generation.Windows7 ? @"EFI\Boot\bootia32.efi" : @"EFI\Boot\bootx64.efi", [1, 2, 3]), @"\EFI\Boot\boot")
        { Where = (_, f) => f == Firmware.Uefi },
        new("boot manager missing", "boot.loader", false, m => m.SystemFiles.Delete(@"EFI\Microsoft\Boot\bootmgfw.efi"), @"\EFI\Microsoft\Boot\bootmgfw.efi")
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
        new("files wait to be replaced", "windows.pending-restart", false, m => m.Rename(@"\??\C:\Windows\Temp\new.dll", @"!\??\C:\Windows\System32\old.dll"), @"\??\C:\Windows\Temp\new.dll"),
        new("letters of another disk", "image.single-disk", false, m => m.System.Create("MountedDevices").SetBinary(@"\DosDevices\E:",
            [1, 2, 3, 4, 0, 0, 0x10, 0, 0, 0, 0, 0]), "E:"),
    ];

    private static void MakeStatic(Machine machine, string set)
    {
        var key = machine.AddInterface("{AAAAAAAA-0000-0000-0000-000000000003}", set);
        key.SetDword("EnableDHCP", 0);
        key.SetMultiString("IPAddress", ["10.0.0.5"]);
        key.SetMultiString("SubnetMask", ["255.255.255.0"]);
        key.SetMultiString("DefaultGateway", ["10.0.0.1"]);
        key.SetString("NameServer", "10.0.0.2");
    }
}
