using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Fixtures;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests;

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
