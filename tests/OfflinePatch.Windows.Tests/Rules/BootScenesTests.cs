using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Windows.Inspection;
using OfflinePatch.Windows.Rules;
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

        var device = firmware == Firmware.Uefi ? Machine.GptDevice(Machine.DiskGuid, Machine.ExtraGuid) : Machine.MbrDevice(Machine.Signature, Machine.ExtraOffset);
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
        Assert.Equal("D:", machine.Start().Windows.DriveLetter);
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
