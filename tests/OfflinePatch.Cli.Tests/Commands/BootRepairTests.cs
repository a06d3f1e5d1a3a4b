using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Fixtures;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>
/// Machines whose system partition stayed behind, or whose boot configuration is lost or of another disk: ready after one fix, and again
/// what they were after undo.
/// </summary>
[Trait("tier", "e2e")]
public sealed class BootRepairTests(Machines machines) : IClassFixture<Machines>
{
    public static TheoryData<string, MachineFirmware, Defect> Cases()
    {
        var cases = new TheoryData<string, MachineFirmware, Defect>();
        foreach (var generation in new[] { "win2008r2", "win10", "win2022" })
        {
            foreach (var firmware in new[] { MachineFirmware.Bios, MachineFirmware.Uefi })
            {
                foreach (var defect in new[] { Defect.NoSystemPartition, Defect.NoBootStore, Defect.BootOnOtherDisk })
                {
                    cases.Add(generation, firmware, defect);
                }
            }
        }

        return cases;
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void A_machine_that_cannot_start_is_ready_after_one_fix(string generation, MachineFirmware firmware, Defect defect)
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw(generation, firmware, defect));
        var before = SparseHash.OfAll(Directory.GetFiles(scratch.Path));

        var told = Tool.RunJson("fix", image, "--dry-run", "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers,
            "--cloudbase-init", machines.AgentFor(generation)).MustExit(3);
        Assert.Equal("failed", told.State("boot.same-disk"));
        Assert.Contains("--repair-boot", told.Rule("boot.same-disk").GetProperty("remedy").GetString(), StringComparison.Ordinal);

        var fix = Fix(image, generation).MustExit(0);
        Assert.Equal("fixed", fix.State("boot.same-disk"));
        Assert.Equal("ready", fix.Image.GetProperty("result").GetString());
        var after = SparseHash.OfAll(Directory.GetFiles(scratch.Path));
        var again = Fix(image, generation).MustExit(0);
        Assert.Empty(again.In("fixed"));
        Assert.Equal(after, SparseHash.OfAll(Directory.GetFiles(scratch.Path)));
        Tool.Run("check", image).MustExit(0);

        Judge(scratch, image, firmware);
        Tool.Run("undo", "--all", image).MustExit(0);
        Assert.Equal(before, SparseHash.OfAll(Directory.GetFiles(scratch.Path)));
    }

    [SkippableFact]
    public void A_disk_without_room_for_a_system_partition_is_made_larger()
    {
        Oracle.Require("sgdisk");
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2022", MachineFirmware.Uefi, Defect.NoSystemPartition));
        Oracle.Run("sgdisk", "-n", "3:2048:+100M", image).MustSucceed();
        var before = SparseHash.OfAll([image]);
        var fix = Fix(image, "win2022").MustExit(0);
        Assert.Equal("ready", fix.Image.GetProperty("result").GetString());
        Assert.Equal(41L << 30, new FileInfo(image).Length);
        Judge(scratch, image, MachineFirmware.Uefi);
        Tool.Run("undo", image).MustExit(0);
        Assert.Equal(before, SparseHash.OfAll([image]));
    }

    [Fact]
    public void A_small_disk_is_made_as_large_as_the_target_demands()
    {
        using var scratch = new ScratchFolder();
        foreach (var firmware in new[] { MachineFirmware.Bios, MachineFirmware.Uefi })
        {
            var image = scratch[$"{firmware}.raw"];
            MachineImage.Write(image,
                new MachineSpec { Generation = Generation.Get("win2019"), Firmware = firmware, DiskSize = 30L << 30 });
            var before = SparseHash.OfAll([image]);
            var fix = Fix(image, "win2019").MustExit(0);
            Assert.Equal("fixed", fix.State("image.size"));
            Assert.Equal(40L << 30, new FileInfo(image).Length);
            if (firmware == MachineFirmware.Uefi && Oracle.Locate("sgdisk") is not null)
            {
                Assert.Contains("No problems found", Oracle.Run("sgdisk", "-v", image).MustSucceed().Output, StringComparison.Ordinal);
            }

            var larger = Tool.RunJson("fix", image, "--min-size", "50G", "--only", "image.size").MustExit(0);
            Assert.Equal("fixed", larger.State("image.size"));
            Assert.Equal(50L << 30, new FileInfo(image).Length);
            Tool.Run("undo", "--all", image).MustExit(0);
            Assert.Equal(30L << 30, new FileInfo(image).Length);
            Assert.Equal(before, SparseHash.OfAll([image]));
        }
    }

    [SkippableTheory]
    [InlineData("win2012r2", MachineFirmware.Bios, Defect.NoSystemPartition)]
    [InlineData("win10", MachineFirmware.Bios, Defect.BootOnOtherDisk)]
    [InlineData("win2022", MachineFirmware.Uefi, Defect.NoSystemPartition)]
    [InlineData("win11", MachineFirmware.Uefi, Defect.NoBootStore)]
    public void The_command_does_the_same_without_the_other_rules(string generation, MachineFirmware firmware, Defect defect)
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw(generation, firmware, defect));
        var before = SparseHash.OfAll(Directory.GetFiles(scratch.Path));
        var told = Tool.RunJson("boot", "repair", image, "--dry-run").MustExit(0);
        Assert.Equal(before, SparseHash.OfAll(Directory.GetFiles(scratch.Path)));
        var done = Tool.RunJson("boot", "repair", image).MustExit(0);
        Assert.Equal(told.Json.GetProperty("steps").ToString(), done.Json.GetProperty("steps").ToString());
        Assert.False(done.Json.TryGetProperty("problems", out _));
        var after = SparseHash.OfAll(Directory.GetFiles(scratch.Path));

        var again = Tool.Run("boot", "repair", image).MustExit(0);
        Assert.Equal("Nothing needed to be changed; nothing was written.\n", again.Output);
        Assert.Equal(after, SparseHash.OfAll(Directory.GetFiles(scratch.Path)));
        Tool.Run("check", image, "--only", "boot.same-disk", "--only", "boot.loader").MustExit(0);
        Judge(scratch, image, firmware);
        var root = firmware == MachineFirmware.Uefi ? "/EFI/Microsoft/Boot" : "/Boot";
        foreach (var file in new[] { "/Fonts/wgl4_boot.ttf", "/Resources/bootres.dll" })
        {
            Tool.Run("fs", "stat", image, "--partition", SystemPartition(image), root + file).MustExit(0);
        }

        Tool.Run("undo", "--all", image).MustExit(0);
        Assert.Equal(before, SparseHash.OfAll(Directory.GetFiles(scratch.Path)));
    }

    [SkippableTheory]
    [InlineData(MachineFirmware.Bios)]
    [InlineData(MachineFirmware.Uefi)]
    public void A_boot_configuration_is_made_anew_once_and_the_old_one_is_kept(MachineFirmware firmware)
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", firmware));
        var store = firmware == MachineFirmware.Uefi ? "/EFI/Microsoft/Boot/BCD" : "/Boot/BCD";
        Tool.Run("fs", "get", image, "--partition", "1", store, scratch.Path).MustExit(0);
        var old = File.ReadAllBytes(scratch["BCD"]);
        var done = Tool.Run("boot", "repair", image, "--rebuild").MustExit(0);
        Assert.Contains("is to be replaced", done.Output, StringComparison.Ordinal);
        Tool.Run("fs", "get", image, "--partition", "1", store + ".before", scratch.Path).MustExit(0);
        Assert.Equal(old, File.ReadAllBytes(scratch["BCD.before"]));
        Assert.Contains("Windows Memory Tester", Tool.Run("bcd", image).MustExit(0).Output, StringComparison.Ordinal);
        Assert.Contains("Nothing needed", Tool.Run("boot", "repair", image, "--rebuild").MustExit(0).Output, StringComparison.Ordinal);
        Tool.Run("check", image, "--only", "boot.same-disk", "--only", "boot.loader").MustExit(0);
    }

    [SkippableFact]
    public void The_recovery_entry_is_kept_where_it_was()
    {
        using var scratch = new ScratchFolder();
        var image = scratch["disk.raw"];
        MachineImage.Write(image, new MachineSpec { Generation = Generation.Get("win2019"), Recovery = RecoveryPlace.OwnPartition });
        string[] Lines() => [.. Tool.Run("bcd", image).MustExit(0).Output.Split('\n')
            .Where(l => l.Contains("ramdisk", StringComparison.Ordinal) || l.StartsWith("recovery", StringComparison.Ordinal))];
        var before = Lines();
        Assert.Equal(6, before.Length);
        Tool.Run("boot", "repair", image, "--rebuild").MustExit(0);
        Assert.Equal(before.Order(), Lines().Distinct().Order()); // the entry that resumes names it, too

        // Where the image of it is gone the entry would start nothing.
        Tool.Run("fs", "rm", image, "--partition", "3", "/Recovery/WindowsRE/Winre.wim").MustExit(0);
        Tool.Run("boot", "repair", image, "--rebuild").MustExit(0);
        Assert.Empty(Lines());
    }

    [Fact]
    public void What_the_BIOS_reads_first_is_repaired_too()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios));
        Tool.Run("boot", "repair", image, "--no-undo-keep").MustExit(0);
        using (var disk = File.Open(image, FileMode.Open, FileAccess.ReadWrite))
        {
            disk.Write(new byte[440]); // no boot code
            disk.Position = 0x1BE;
            disk.WriteByte(0); // nothing is active
            disk.Position = (1 << 20) + 0x1C;
            disk.Write([63, 0, 0, 0]); // HiddenSectors
        }

        var steps = Tool.RunJson("boot", "repair", image).MustExit(0).Json.GetProperty("steps").ToString();
        Assert.Contains("boot code that starts the active partition", steps, StringComparison.Ordinal);
        Assert.Contains("partition 1 is active", steps, StringComparison.Ordinal);
        Assert.Contains("HiddenSectors = 2048", steps, StringComparison.Ordinal);
        var start = new byte[0x1C0];
        using (var disk = File.OpenRead(image))
        {
            disk.ReadExactly(start);
            Assert.Equal(0x80, start[0x1BE]);
            disk.Position = (1 << 20) + 0x1C;
            disk.ReadExactly(start.AsSpan(0, 4));
            Assert.Equal([0, 8, 0, 0], start[..4]);
        }

        Tool.Run("check", image, "--only", "boot.loader", "--only", "boot.same-disk").MustExit(0);
    }

    [SkippableFact]
    public void A_disk_that_was_cloned_with_a_new_signature_starts_its_own_Windows()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios));
        using (var disk = File.Open(image, FileMode.Open, FileAccess.ReadWrite))
        {
            disk.Position = 0x1B8;
            disk.Write([0xEF, 0xBE, 0xAD, 0xDE]);
        }

        Tool.Run("check", image, "--only", "boot.same-disk").MustExit(3);
        Tool.Run("boot", "repair", image).MustExit(0);
        Tool.Run("check", image, "--only", "boot.same-disk").MustExit(0);
        Assert.DoesNotContain("0ff11e5a ", Tool.Run("bcd", image).MustExit(0).Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Windows_on_a_logical_partition_starts_from_a_primary_one()
    {
        Oracle.Require("mkntfs");
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.NoSystemPartition));
        Oracle.Run("truncate", "-s", "64M", scratch["small"]).MustSucceed();
        Oracle.Run("mkntfs", "-F", "-Q", "-q", "-s", "512", "-p", "2048", "-H", "255", "-S", "63", scratch["small"]).MustSucceed();
        using (var disk = File.Open(image, FileMode.Open, FileAccess.ReadWrite))
        {
            var entry = new byte[16];
            disk.Position = 0x1BE;
            disk.ReadExactly(entry);
            var start = BitConverter.ToUInt32(entry, 8);
            var count = BitConverter.ToUInt32(entry, 12);
            Assert.Equal(101u * 2048, start);
            disk.Position = 0x1BE;
            disk.Write([0, 0, 0, 0, 0x07, 0, 0, 0, .. BitConverter.GetBytes(2048u), .. BitConverter.GetBytes(64u * 2048)]);
            disk.Write([0, 0, 0, 0, 0x0F, 0, 0, 0, .. BitConverter.GetBytes(100u * 2048), .. BitConverter.GetBytes(count + 2048)]);
            disk.Position = (100L << 20) + 0x1BE;
            disk.Write([0, 0, 0, 0, 0x07, 0, 0, 0, .. BitConverter.GetBytes(2048u), .. BitConverter.GetBytes(count), .. new byte[48], 0x55,
                0xAA]);
            disk.Position = 1 << 20;
            using var small = File.OpenRead(scratch["small"]);
            small.CopyTo(disk);
        }

        var steps = Tool.RunJson("boot", "repair", image).Json.GetProperty("steps").ToString();
        Assert.Contains("partition 1 is active", steps, StringComparison.Ordinal);
        Tool.Run("fs", "stat", image, "--partition", "1", "/bootmgr", "/Boot/BCD").MustExit(0);
        Tool.Run("check", image, "--only", "boot.same-disk").MustExit(0);
        var refused = Tool.RunJson("convert-boot", "uefi", image).MustExit(4);
        Assert.Equal("BOOT-0002", refused.Json.GetProperty("error").GetProperty("code").GetString());
    }

    [SkippableFact]
    public void What_cannot_be_repaired_is_refused_with_the_reason()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Uefi, Defect.NoSystemPartition));
        Tool.Run("fs", "rm", image, "/Windows/Boot/EFI/bootmgfw.efi", "--no-undo-keep").MustExit(0);
        var before = SparseHash.OfAll(Directory.GetFiles(scratch.Path));
        var refused = Tool.RunJson("boot", "repair", image).MustExit(4);
        Assert.Equal("BOOT-0001", refused.Json.GetProperty("error").GetProperty("code").GetString());
        Assert.Contains("bootmgfw.efi", refused.Json.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(before, SparseHash.OfAll(Directory.GetFiles(scratch.Path)));
    }

    private static string SystemPartition(string image)
    {
        using var device = HostFileDevice.Open(image);
        return $"{PartitionTable.Read(device).Partitions.First(p => p.IsActive || p.TypeGuid == PartitionTypes.EfiSystem).Number}";
    }

    private ToolResult Fix(string image, string generation) => Tool.RunJson(
        "fix", image, "--repair-boot", "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers, "--cloudbase-init",
        machines.AgentFor(generation));

    private static void Judge(ScratchFolder scratch, string image, MachineFirmware firmware)
    {
        if (firmware == MachineFirmware.Uefi)
        {
            if (Oracle.Locate("sgdisk") is not null)
            {
                Assert.Contains("No problems found", Oracle.Run("sgdisk", "-v", image).MustSucceed().Output, StringComparison.Ordinal);
            }

            PartitionTable table;
            using (var device = HostFileDevice.Open(image))
            {
                table = PartitionTable.Read(device);
            }

            var esp = Assert.Single(table.Partitions, p => p.TypeGuid == PartitionTypes.EfiSystem);
            if (Oracle.Locate("fsck.vfat") is not null)
            {
                var volume = GuestVolumes.CutOut(scratch, image, "raw", esp.Offset, esp.Length, "esp");
                Oracle.Run("fsck.vfat", "-n", volume).MustSucceed();
                if (Oracle.Locate("mtype") is not null)
                {
                    Oracle.Run("mcopy", "-n", "-i", volume, "::/EFI/Boot/bootx64.efi", scratch["loader"]).MustSucceed();
                    Oracle.Run("mcopy", "-n", "-i", volume, "::/EFI/Microsoft/Boot/BCD", scratch["BCD"]).MustSucceed();
                    File.Delete(volume);
                    JudgeStore(scratch["BCD"], esp.UniqueGuid.ToByteArray());
                    File.Delete(scratch["BCD"]);
                    File.Delete(scratch["loader"]);
                }

                File.Delete(volume);
            }
        }
    }

    /// <summary>An independent reader of hives finds the partition in the boot manager's device.</summary>
    private static void JudgeStore(string store, byte[] partition)
    {
        if (Oracle.Locate("hivexregedit") is null)
        {
            return;
        }

        var device = Oracle.Run("hivexregedit", "--export", store, @"Objects\{9dea862c-5cdd-4e70-acc1-f32b344d4795}\Elements\11000001")
            .MustSucceed().Output;
        Assert.Contains(Convert.ToHexStringLower(partition), device.Replace(",", "", StringComparison.Ordinal).ToLowerInvariant(),
            StringComparison.Ordinal);
    }
}
