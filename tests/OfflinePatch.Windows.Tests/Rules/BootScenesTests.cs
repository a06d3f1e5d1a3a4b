using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Boot;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>Disks as they are met: a data partition, two Windows, Windows elsewhere than C:, both boot configurations, a clone.</summary>
[Trait("tier", "unit")]
public sealed class BootScenesTests
{
    public static TheoryData<Firmware> Firmwares => [Firmware.Bios, Firmware.Uefi];

    [Theory]
    [MemberData(nameof(Firmwares))]
    public void A_data_partition_with_files_of_an_old_Windows_is_no_Windows(Firmware firmware)
    {
        var machine = new Machine(firmware: firmware);
        machine.AddPartition().Put(@"Windows\System32\drivers\etc\hosts", [1]);
        var guest = machine.Start();
        Assert.Single(guest.Systems);
        Assert.Equal(FindingState.Ok, new BootSameDiskRule().Inspect(guest).State);
    }

    [Theory]
    [MemberData(nameof(Firmwares))]
    public void Of_two_Windows_the_one_that_starts_by_default_is_prepared(Firmware firmware)
    {
        var machine = new Machine(firmware: firmware);
        var other = machine.AddPartition();
        _ = machine.Start();
        foreach (var hive in new[] { "SYSTEM", "SOFTWARE" })
        {
            other.Put($@"Windows\System32\config\{hive}", machine.WindowsFiles.ReadFile($@"Windows\System32\config\{hive}"));
        }

        var guest = machine.Restart();
        Assert.Equal(2, guest.Systems.Count);
        Assert.Equal(Machine.WindowsOffset, guest.Windows.Volume.Offset);
        var finding = new BootSameDiskRule().Inspect(guest);
        Assert.Equal(FindingState.Ok, finding.State);
        Assert.Contains("2 Windows installations", finding.Message, StringComparison.Ordinal);

        var device = firmware == Firmware.Uefi
            ? Machine.GptDevice(Machine.DiskGuid, Machine.ExtraGuid)
            : Machine.MbrDevice(Machine.Signature, Machine.ExtraOffset);
        machine.Loader("21000001").SetBinary("Element", device);
        machine.Loader("11000001").SetBinary("Element", device);
        Assert.Equal(Machine.ExtraOffset, machine.Start().Windows.Volume.Offset);
    }

    [Theory]
    [MemberData(nameof(Firmwares))]
    public void A_Windows_in_an_unusual_directory_is_found_by_its_boot_entry(Firmware firmware)
    {
        var machine = new Machine(firmware: firmware);
        _ = machine.Start();
        foreach (var hive in new[] { "SYSTEM", "SOFTWARE" })
        {
            machine.WindowsFiles.Put($@"WINSRV\System32\config\{hive}", machine.WindowsFiles.ReadFile($@"Windows\System32\config\{hive}"));
            machine.WindowsFiles.Delete($@"Windows\System32\config\{hive}");
        }

        machine.WindowsFiles.Delete(@"Windows\System32\ntoskrnl.exe");
        machine.Loader("22000002").SetString("Element", @"\WINSRV");
        machine.SystemFiles.Put(firmware == Firmware.Uefi ? @"EFI\Microsoft\Boot\BCD" : @"Boot\BCD", machine.Bcd.ToArray());
        var guest = machine.Restart();
        Assert.Equal("WINSRV", guest.Windows.SystemRoot);
        Assert.Equal(FindingState.Ok, new BootSameDiskRule().Inspect(guest).State);
    }

    [Theory]
    [MemberData(nameof(Firmwares))]
    public void A_Windows_on_D_is_told_with_its_letter(Firmware firmware)
    {
        var machine = new Machine(firmware: firmware);
        var mounted = machine.System.Find("MountedDevices")!;
        mounted.SetBinary(@"\DosDevices\D:", mounted.GetBinary(@"\DosDevices\C:")!);
        mounted.DeleteValue(@"\DosDevices\C:");
        foreach (var service in new[] { "atapi", "storahci" })
        {
            machine.Set($@"Services\{service}").SetExpandString("ImagePath", $@"\??\D:\Windows\System32\drivers\{service}.sys");
        }

        machine.Software.Create(@"Microsoft\Windows NT\CurrentVersion").SetString("SystemRoot", @"D:\Windows");
        var guest = machine.Start();
        Assert.Equal("D:", guest.Windows.DriveLetter);
        Assert.Equal(@"D:\Windows\System32", guest.Windows.GuestPath(guest.Windows.PathOf("System32")));
        Assert.All(new Rule[] { new BootSameDiskRule(), new BootLoaderRule(), new BootControllersRule() },
            r => Assert.Equal(FindingState.Ok, r.Inspect(guest).State));
    }

    /// <summary>
    /// A recovery environment is an entry and a partition of its own, with winload, winpe and a RAM disk; it is neither Windows nor the
    /// default.
    /// </summary>
    [Theory]
    [MemberData(nameof(Firmwares))]
    public void A_recovery_partition_with_its_entry_is_no_second_Windows(Firmware firmware)
    {
        const string Recovery = "{99999999-8888-7777-6666-555555555555}";
        var machine = new Machine(firmware: firmware);
        var files = machine.AddPartition();
        files.Put(@"Recovery\WindowsRE\Winre.wim", [1]);
        files.Put(@"Recovery\WindowsRE\boot.sdi", [1]);
        machine.Element(Recovery, 0x10200003, "12000002").SetString("Element", machine.Loader("12000002").GetString("Element")!);
        machine.Element(Recovery, 0x10200003, "12000004").SetString("Element", "Windows Recovery Environment");
        machine.Element(Recovery, 0x10200003, "22000002").SetString("Element", @"\windows");
        machine.Element(Recovery, 0x10200003, "26000022").SetBinary("Element", [1]);
        machine.Element(Machine.LoaderId, 0x10200003, "14000008").SetMultiString("Element", [Recovery]);
        var guest = machine.Start();
        Assert.Single(guest.Systems);
        Assert.Equal(Machine.WindowsOffset, guest.Windows.Volume.Offset);
        Assert.Equal(FindingState.Ok, new BootSameDiskRule().Inspect(guest).State);

        // The entry that is left when the default one is gone must not be taken for Windows.
        machine.Bcd.Find("Objects")!.DeleteSubKeyTree(Machine.LoaderId);
        Assert.Equal(FindingState.Failed, new BootSameDiskRule().Inspect(machine.Start()).State);
    }

    [Fact]
    public void With_both_boot_configurations_the_partition_scheme_decides()
    {
        var machine = new Machine();
        var extra = machine.AddPartition();
        extra.Put("bootmgr", [1]);
        extra.Put(@"Boot\BCD", machine.Bcd.ToArray());
        var guest = machine.Start();
        Assert.Equal(Firmware.Uefi, guest.Firmware);
        var finding = new BootSameDiskRule().Inspect(guest);
        Assert.Equal(FindingState.Ok, finding.State);
        Assert.Contains("two boot configurations", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_clone_with_a_new_signature_fails_and_both_ids_are_named()
    {
        var machine = new Machine(firmware: Firmware.Bios);
        var signature = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(signature, 0xCAFE0001);
        machine.Disk.Write(0x1B8, signature);
        var finding = new BootSameDiskRule().Inspect(machine.Start());
        Assert.Equal(FindingState.Failed, finding.State);
        Assert.Contains("DEADBEEF", finding.Message, StringComparison.Ordinal);
        Assert.Contains("CAFE0001", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disk_without_boot_files_says_which_are_missing()
    {
        var machine = new Machine();
        _ = machine.Start();
        machine.SystemFiles.Delete(@"EFI\Microsoft\Boot\BCD");
        machine.SystemFiles.Delete(@"EFI\Microsoft\Boot\bootmgfw.efi");
        var guest = machine.Restart();
        Assert.Equal(Firmware.Unknown, guest.Firmware);
        Assert.Contains("bootmgfw.efi", new BootSameDiskRule().Inspect(guest).Message, StringComparison.Ordinal);
        Assert.Equal(FindingState.NotApplicable, new BootLoaderRule().Inspect(guest).State);
    }

    [Fact]
    public void A_generalised_boot_entry_that_searches_is_accepted()
    {
        var machine = new Machine();
        var locate = new byte[0x60];
        locate[0x10] = 8;
        machine.Loader("21000001").SetBinary("Element", locate);
        machine.Loader("11000001").SetBinary("Element", locate);
        var finding = new BootSameDiskRule().Inspect(machine.Start());
        Assert.Equal(FindingState.Ok, finding.State);
        Assert.Contains("by search", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_boot_configuration_is_told()
    {
        var machine = new Machine();
        _ = machine.Start();
        machine.SystemFiles.Put(@"EFI\Microsoft\Boot\BCD", new byte[4096]);
        Assert.Contains("cannot be read", new BootSameDiskRule().Inspect(machine.Restart()).Message, StringComparison.Ordinal);
    }
}
