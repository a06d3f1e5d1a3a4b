using System.Collections.Concurrent;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Fixtures;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>
/// Disks that grow, and the volume of Windows with them: judged by sgdisk, sfdisk, qemu-img, ntfsfix, ntfsresize, ntfsck where it is there,
/// and a full read by ntfs-3g.
/// </summary>
[Trait("tier", "e2e")]
public sealed class ResizeTests
{
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;

    private static readonly ScratchFolder Shared = ForTheProcess();
    private static readonly ConcurrentDictionary<(MachineFirmware, long, int), Lazy<string>> Machines = new();

    private static readonly (string Extension, string Driver, string Options)[] Formats =
    [
        ("raw", "raw", ""), ("qcow2", "qcow2", ""), ("vmdk", "vmdk", "subformat=monolithicSparse"), ("vhd", "vpc", "force_size=on"),
        ("vhdx", "vhdx", ""), ("vdi", "vdi", ""), ("qed", "qed", ""),
    ];

    public static TheoryData<string, MachineFirmware, bool> Few => new()
    {
        { "raw", MachineFirmware.Uefi, true },
        { "qcow2", MachineFirmware.Bios, true },
        { "vhdx", MachineFirmware.Uefi, true },
        { "vmdk", MachineFirmware.Bios, false },
    };

    public static TheoryData<string, MachineFirmware, bool> All()
    {
        var all = new TheoryData<string, MachineFirmware, bool>();
        foreach (var (extension, _, _) in Formats)
        {
            foreach (var firmware in new[] { MachineFirmware.Bios, MachineFirmware.Uefi })
            {
                all.Add(extension, firmware, true);
                all.Add(extension, firmware, false);
            }
        }

        return all;
    }

    [SkippableTheory, MemberData(nameof(Few)), Trait("tier", "oracle")]
    public void A_disk_grows_in_place_and_is_undone(string extension, MachineFirmware firmware, bool extend) =>
        Grow(extension, firmware, extend, 4096);

    [SkippableTheory, MemberData(nameof(All)), Trait("tier", "oracle"), Trait("speed", "slow")]
    public void Every_format_grows_in_place_and_is_undone(string extension, MachineFirmware firmware, bool extend) =>
        Grow(extension, firmware, extend, 4096);

    [SkippableTheory, Trait("tier", "oracle"), Trait("speed", "slow")]
    [InlineData(512)]
    [InlineData(1024)]
    [InlineData(2048)]
    [InlineData(8192)]
    [InlineData(16384)]
    [InlineData(32768)]
    [InlineData(65536)]
    public void Volumes_of_every_cluster_size_are_extended(int cluster) => Grow("qcow2", MachineFirmware.Uefi, extend: true, cluster);

    /// <summary>A recovery partition behind C: moves to the end, whole, and what names its place says the new one.</summary>
    [SkippableTheory, Trait("tier", "oracle")]
    [InlineData("+1G")]
    [InlineData("+40M")] // the new place overlaps the old one
    public void A_recovery_partition_moves_to_the_end_of_a_gpt_disk(string size)
    {
        using var scratch = new ScratchFolder();
        var image = WithPartitionBehind(scratch, MachineFirmware.Uefi, "2700", "recovery.bin");
        var old = Partitions(image)[^1];
        var windows = Partitions(image)[^2];
        PutReAgent(scratch, image, old.Offset);
        var reserved = GuestVolumes.ReadAll(scratch, GuestVolumes.CutOut(scratch, image, "raw", old.Offset, old.Length, "before"));
        var files = GuestVolumes.ReadAll(scratch, GuestVolumes.CutOut(scratch, image, "raw", windows.Offset, windows.Length, "before-c"));
        var hash = SparseHash.Of(image);

        var told = Tool.RunJson("resize", image, size, "--extend", "--dry-run").MustExit(0);
        Assert.Contains("moves to the end", told.Json.GetProperty("resize").GetProperty("steps").ToString(), StringComparison.Ordinal);
        Assert.Equal(hash, SparseHash.Of(image));
        Tool.Run("resize", image, size, "--extend").MustExit(0);
        JudgeDisk(image, MachineFirmware.Uefi);

        var now = Partitions(image)[^1];
        Assert.Equal((old.UniqueGuid, old.TypeGuid, old.Length, old.Number), (now.UniqueGuid, now.TypeGuid, now.Length, now.Number));
        Assert.True(now.Offset > old.Offset && new FileInfo(image).Length - (now.Offset + now.Length) < 2 * MiB);
        var moved = GuestVolumes.CutOut(scratch, image, "raw", now.Offset, now.Length, "after");
        JudgeVolume(moved);
        var movedFiles = GuestVolumes.ReadAll(scratch, moved);
        Assert.NotEqual(reserved[@"Recovery\WindowsRE\ReAgent.xml"], movedFiles[@"Recovery\WindowsRE\ReAgent.xml"]);
        Assert.Equal(reserved.Where(f => !f.Key.EndsWith("ReAgent.xml", StringComparison.Ordinal)),
            movedFiles.Where(f => !f.Key.EndsWith("ReAgent.xml", StringComparison.Ordinal)));
        Assert.Equal((uint)(now.Offset / 512), BitConverter.ToUInt32(Bytes(image, now.Offset + 0x1C, 4)));

        var larger = Partitions(image)[^2];
        Assert.Equal(now.Offset, larger.Offset + larger.Length);
        var c = GuestVolumes.CutOut(scratch, image, "raw", larger.Offset, larger.Length, "after-c");
        JudgeVolume(c);
        var after = GuestVolumes.ReadAll(scratch, c);
        files.Remove(@"Windows\System32\Recovery\ReAgent.xml");
        Assert.True(after.Remove(@"Windows\System32\Recovery\ReAgent.xml"));
        Assert.Equal(files, after);
        GuestVolumes.CopyOut(c, "Windows/System32/Recovery/ReAgent.xml", scratch["ReAgent.xml"]);
        Assert.Equal(ReAgent(now.Offset), File.ReadAllBytes(scratch["ReAgent.xml"]));

        var written = SparseHash.Of(image);
        Assert.Contains("Nothing needed", Tool.Run("resize", image, $"{new FileInfo(image).Length}", "--extend").MustExit(0)
            .Output, StringComparison.Ordinal);
        Assert.Equal(written, SparseHash.Of(image));
        Tool.Run("undo", image).MustExit(0);
        Assert.Equal(hash, SparseHash.Of(image));
    }

    /// <summary>What is not moved is told, with what to do, and nothing is written; without --extend the disk grows all the same.</summary>
    [SkippableTheory, Trait("tier", "oracle")]
    [InlineData(MachineFirmware.Bios, "27", "boot configuration of an MBR disk names it by its offset")]
    [InlineData(MachineFirmware.Bios, "07", "lies directly after it")]
    [InlineData(MachineFirmware.Uefi, "0700", "lies directly after it")]
    public void Another_partition_behind_windows_is_told(MachineFirmware firmware, string type, string why)
    {
        using var scratch = new ScratchFolder();
        var image = WithPartitionBehind(scratch, firmware, type, "data.bin");
        var hash = SparseHash.Of(image);
        var refused = Tool.RunJson("resize", image, "+1G", "--extend").MustExit(4);
        Assert.Equal("GROW-0002", Code(refused));
        Assert.Contains(why, refused.Json.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(hash, SparseHash.Of(image));

        // fix makes the disk as large as it was asked, and says why the volume stays.
        var fix = Tool.RunJson("fix", image, "--only", "image.size", "--min-size", "5G", "--target", "generic-kvm", "--extend")
            .MustExit(0);
        Assert.Equal("fixed", fix.State("image.size"));
        Assert.Contains(why, fix.Image.GetProperty("notes").ToString(), StringComparison.Ordinal);
        Assert.Equal(5 * GiB, new FileInfo(image).Length);
        JudgeDisk(image, firmware);
        Tool.Run("undo", image).MustExit(0);
        Assert.Equal(hash, SparseHash.Of(image));
    }

    [SkippableFact, Trait("tier", "oracle")]
    public void Fix_extends_into_what_a_growth_adds_and_into_what_was_free()
    {
        using var scratch = new ScratchFolder();
        var image = Copy(scratch, MachineFirmware.Uefi, GiB, 4096);
        var hash = SparseHash.Of(image);
        var fix = Tool.RunJson("fix", image, "--only", "image.size", "--target", "generic-kvm", "--extend").MustExit(0);
        Assert.Equal("fixed", fix.State("image.size"));
        Assert.Equal(3 * GiB, new FileInfo(image).Length); // large enough: only the volume grows
        var c = Partitions(image)[^1];
        Assert.Equal((3 * GiB) - MiB, c.Offset + c.Length);
        JudgeDisk(image, MachineFirmware.Uefi);
        JudgeVolume(GuestVolumes.CutOut(scratch, image, "raw", c.Offset, c.Length, "c"));

        fix = Tool.RunJson("fix", image, "--only", "image.size", "--target", "generic-kvm", "--extend", "--min-size", "6G").MustExit(0);
        Assert.Equal("fixed", fix.State("image.size"));
        Assert.Equal(6 * GiB, new FileInfo(image).Length);
        c = Partitions(image)[^1];
        Assert.Equal((6 * GiB) - MiB, c.Offset + c.Length);
        JudgeVolume(GuestVolumes.CutOut(scratch, image, "raw", c.Offset, c.Length, "c6"));
        var written = SparseHash.Of(image);
        Assert.Equal("ok", Tool.RunJson("fix", image, "--only", "image.size", "--target", "generic-kvm", "--extend", "--min-size", "6G")
            .MustExit(0).State("image.size"));
        Assert.Equal(written, SparseHash.Of(image));
        Tool.Run("undo", "--all", image).MustExit(0);
        Assert.Equal(hash, SparseHash.Of(image));
    }

    /// <summary>As qemu-img resize leaves it: the disk is larger already, and the backup GPT inside it.</summary>
    [SkippableFact, Trait("tier", "oracle")]
    public void A_disk_that_another_program_made_larger_is_extended()
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var image = Copy(scratch, MachineFirmware.Uefi, 0, 4096);
        Oracle.Run("qemu-img", "resize", "-f", "raw", image, "+2G").MustSucceed();
        Tool.Run("resize", image, "5G", "--extend").MustExit(0);
        JudgeDisk(image, MachineFirmware.Uefi);
        var c = Partitions(image)[^1];
        Assert.Equal((5 * GiB) - MiB, c.Offset + c.Length);
        JudgeVolume(GuestVolumes.CutOut(scratch, image, "raw", c.Offset, c.Length, "c"));
        Oracle.Run("qemu-img", "resize", "-f", "raw", image, "+1G").MustSucceed();
        Tool.Run("resize", image, "8G", "--no-undo-keep").MustExit(0);
        JudgeDisk(image, MachineFirmware.Uefi);
    }

    [SkippableTheory, Trait("tier", "oracle")]
    [InlineData("qcow2")]
    [InlineData("vmdk")]
    public void A_larger_copy_leaves_the_image(string format)
    {
        using var scratch = new ScratchFolder();
        var image = Copy(scratch, MachineFirmware.Bios, 0, 4096);
        var hash = SparseHash.Of(image);
        Tool.Run("resize", image, "+1G", "-o", scratch["copy." + format], "--extend").MustExit(0);
        Assert.Equal(hash, SparseHash.Of(image));
        Oracle.Require("qemu-img");
        Oracle.Run("qemu-img", "convert", "-f", format, "-O", "raw", scratch["copy." + format], scratch["copy.raw"]).MustSucceed();
        Assert.Equal(4 * GiB, new FileInfo(scratch["copy.raw"]).Length);
        JudgeDisk(scratch["copy.raw"], MachineFirmware.Bios);
        var c = Partitions(scratch["copy.raw"])[^1];
        JudgeVolume(GuestVolumes.CutOut(scratch, scratch["copy.raw"], "raw", c.Offset, c.Length, "c"));
        Assert.Equal("CORE-0040", Code(Tool.RunJson("resize", image, "+1G", "-o", scratch["copy." + format]).MustExit(4)));
    }

    [Fact]
    public void What_is_refused_changes_nothing()
    {
        using var scratch = new ScratchFolder();
        var image = Copy(scratch, MachineFirmware.Bios, 0, 4096);
        var hash = SparseHash.Of(image);
        Assert.Equal("DISK-0007", Code(Tool.RunJson("resize", image, "2G").MustExit(4)));
        Assert.Equal("PART-0010", Code(Tool.RunJson("resize", image, $"{(4 * GiB) + 1}").MustExit(4)));
        foreach (var word in new[] { "0", "-1G", "4X", "+", "", "99999999999T" })
        {
            Tool.Run("resize", image, word).MustExit(1);
        }

        Assert.Contains("Nothing needed", Tool.Run("resize", image, "3G").MustExit(0).Output, StringComparison.Ordinal);
        Tool.Run("resize", image, "9G", "--dry-run").MustExit(0);
        Assert.Equal(hash, SparseHash.Of(image));
        Assert.Single(Directory.GetFiles(scratch.Path));

        // 4 KiB clusters end at 16 TiB, an MBR at 2 TiB.
        using var other = new ScratchFolder();
        var gpt = Copy(other, MachineFirmware.Uefi, 0, 4096);
        Assert.Equal("NTFS-0328", Code(Tool.RunJson("resize", gpt, "17T", "--extend").MustExit(4)));
        Assert.Contains("2 TiB", Tool.Run("resize", image, "3T", "--extend", "--dry-run").MustExit(0).Error, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(other.Path));
    }

    [Theory]
    [InlineData(Defect.DirtyVolume, "NTFS-0329")]
    [InlineData(Defect.Hibernated, "NTFS-0329")]
    [InlineData(Defect.UncleanLog, "NTFS-0329")]
    [InlineData(Defect.BitLocker, "GROW-0001")]
    [InlineData(Defect.NoWindows, "GROW-0001")]
    public void A_volume_that_is_not_safe_to_write_is_not_extended_and_the_disk_grows_alone(Defect defect, string code)
    {
        using var scratch = new ScratchFolder();
        var image = scratch["disk.raw"];
        MachineImage.Write(image, new MachineSpec { DiskSize = 3 * GiB, Defects = new HashSet<Defect> { defect } });
        var hash = SparseHash.Of(image);
        Assert.Equal(code, Code(Tool.RunJson("resize", image, "+1G", "--extend").MustExit(4)));
        Assert.Equal(hash, SparseHash.Of(image));
        Tool.Run("resize", image, "+1G").MustExit(0);
        Assert.Equal(4 * GiB, new FileInfo(image).Length);
        Tool.Run("undo", image).MustExit(0);
        Assert.Equal(hash, SparseHash.Of(image));
    }

    private static void Grow(string extension, MachineFirmware firmware, bool extend, int cluster)
    {
        GuestVolumes.RequireTools();
        using var scratch = new ScratchFolder();
        var raw = Machine(firmware, 0, cluster);
        var (_, driver, options) = Formats.First(f => f.Extension == extension);
        var image = scratch["disk." + extension];
        string[] more = options.Length == 0 ? [] : ["-o", options];
        Oracle.Run("qemu-img", ["convert", "-f", "raw", "-O", driver, .. more, raw, image]).MustSucceed();
        var hash = SparseHash.Of(image);
        var old = Partitions(raw);
        var files = GuestVolumes.ReadAll(scratch, GuestVolumes.CutOut(scratch, raw, "raw", old[^1].Offset, old[^1].Length, "before"));
        File.Delete(scratch["before"]);

        string[] option = extend ? ["--extend"] : [];
        var done = Tool.RunJson(["resize", image, "+1500M", .. option]).MustExit(0);
        Assert.Equal((3 * GiB) + (1500 * MiB), done.Json.GetProperty("resize").GetProperty("after").GetInt64());
        var written = SparseHash.Of(image);
        Assert.Contains("Nothing needed", Tool.Run(["resize", image, $"{(3 * GiB) + (1500 * MiB)}", .. option]).MustExit(0).Output,
            StringComparison.Ordinal);
        Assert.Equal(written, SparseHash.Of(image));
        var check = Oracle.Run("qemu-img", "check", "-f", driver, image);
        Assert.True(check.ExitCode is 0 or 63, check.Output + check.Error); // 63: qemu has no check for this format

        var result = image;
        if (driver != "raw")
        {
            result = scratch["result.raw"];
            Oracle.Run("qemu-img", "convert", "-f", driver, "-O", "raw", image, result).MustSucceed();
        }

        Assert.Equal((3 * GiB) + (1500 * MiB), new FileInfo(result).Length);
        JudgeDisk(result, firmware);
        var now = Partitions(result);
        Assert.Equal(old.SkipLast(1), now.SkipLast(1));
        Assert.Equal(extend ? new FileInfo(result).Length - MiB - old[^1].Offset : old[^1].Length, now[^1].Length);
        var volume = GuestVolumes.CutOut(scratch, result, "raw", now[^1].Offset, now[^1].Length, "after");
        JudgeVolume(volume);
        Assert.Equal(files, GuestVolumes.ReadAll(scratch, volume));
        Assert.Contains("clean", Tool.Run("fs", "check", image).MustExit(0).Output, StringComparison.Ordinal);
        Tool.Run("undo", image).MustExit(0);
        Assert.Equal(hash, SparseHash.Of(image));
    }

    private static void JudgeDisk(string raw, MachineFirmware firmware)
    {
        if (firmware == MachineFirmware.Uefi && Oracle.Locate("sgdisk") is not null)
        {
            Assert.Contains("No problems found", Oracle.Run("sgdisk", "-v", raw).MustSucceed().Output, StringComparison.Ordinal);
        }

        if (Oracle.Locate("sfdisk") is not null)
        {
            Assert.Contains("No errors detected", Oracle.Run("sfdisk", "--verify", raw).MustSucceed().Output, StringComparison.Ordinal);
        }
    }

    private static void JudgeVolume(string volume)
    {
        Oracle.Run("ntfsfix", "-n", volume).MustSucceed();
        if (Oracle.Locate("ntfsresize") is not null)
        {
            Oracle.Run("ntfsresize", "--info", "--force", volume).MustSucceed();
        }

        if (Environment.GetEnvironmentVariable("OFFLINEPATCH_NTFSCK") is { Length: > 0 } ntfsck && File.Exists(ntfsck))
        {
            Oracle.Run(ntfsck, "-n", volume).MustSucceed();
        }
    }

    private static IReadOnlyList<Partition> Partitions(string raw)
    {
        using var device = HostFileDevice.Open(raw);
        return PartitionTable.Read(device).Partitions;
    }

    private static byte[] Bytes(string path, long offset, int count)
    {
        using var device = HostFileDevice.Open(path);
        var bytes = new byte[count];
        device.Read(offset, bytes);
        return bytes;
    }

    /// <summary>A machine with little more than 300 MiB behind its Windows, of which a partition takes 300.</summary>
    private static string WithPartitionBehind(ScratchFolder scratch, MachineFirmware firmware, string type, string file)
    {
        Oracle.Require("sgdisk", "sfdisk", "mkntfs", "ntfscat");
        GuestVolumes.RequireTools();
        var image = Copy(scratch, firmware, GiB, 4096);
        var end = Partitions(image)[^1] is var c ? c.Offset + c.Length : 0;
        if (firmware == MachineFirmware.Uefi)
        {
            Oracle.Run("sgdisk", "-n", $"9:{end / 512}:+300M", "-t", $"9:{type}", image).MustSucceed();
        }
        else
        {
            Oracle.Run("/bin/sh", "-c", $"echo '{end / 512} 614400 {type}' | sfdisk --append --no-reread --no-tell-kernel '{image}'")
                .MustSucceed();
        }

        var behind = Partitions(image)[^1];
        using (var stream = File.Create(scratch["volume"]))
        {
            stream.SetLength(behind.Length);
        }

        Oracle.Run("mkntfs", "-F", "-q", "-p", $"{behind.Offset / 512}", "-s", "512", "-H", "255", "-S", "63", scratch["volume"])
            .MustSucceed();
        Oracle.Run("dd", $"if={scratch["volume"]}", $"of={image}", "bs=1M", "conv=notrunc,sparse", $"seek={behind.Offset / MiB}")
            .MustSucceed();
        File.Delete(scratch["volume"]);
        var content = new byte[40 * MiB];
        new Random(3).NextBytes(content);
        File.WriteAllBytes(scratch[file], content);
        Tool.Run("fs", "mkdir", image, "Recovery/WindowsRE", "--partition", $"{behind.Number}", "--no-undo-keep").MustExit(0);
        Tool.Run("fs", "put", image, scratch[file], "Recovery/WindowsRE/Winre.wim", "--partition", $"{behind.Number}", "--no-undo-keep")
            .MustExit(0);
        return image;
    }

    private static void PutReAgent(ScratchFolder scratch, string image, long offset)
    {
        File.WriteAllBytes(scratch["ReAgent.xml"], ReAgent(offset));
        Tool.Run("fs", "mkdir", image, "Windows/System32/Recovery", "--no-undo-keep").MustExit(0);
        Tool.Run("fs", "put", image, scratch["ReAgent.xml"], "Windows/System32/Recovery/ReAgent.xml", "--no-undo-keep").MustExit(0);
        Tool.Run("fs", "put", image, scratch["ReAgent.xml"], "Recovery/WindowsRE/ReAgent.xml", "--partition",
            $"{Partitions(image)[^1].Number}", "--no-undo-keep").MustExit(0);
    }

    /// <summary>As Windows 10 writes it; another disk's location and zeros stay.</summary>
    private static byte[] ReAgent(long offset) => Encoding.UTF8.GetBytes(
        "\uFEFF<?xml version='1.0' encoding='utf-8'?>\n\n<WindowsRE version=\"2.0\">\n"
            + "  <WinreBCD id=\"{ec9e2cda-63d3-11ee-bd2c-af2423a570b6}\"/>\n"
            + $"  <WinreLocation path=\"\\Recovery\\WindowsRE\" id=\"0\" offset=\"{offset}\" guid=\"{{{DiskPlan.DiskGuid}}}\"/>\n"
            + "  <ImageLocation path=\"\" id=\"0\" offset=\"0\" guid=\"{00000000-0000-0000-0000-000000000000}\"/>\n"
            + "  <PBRImageLocation path=\"Ä\" id=\"0\" offset=\"1048576\" guid=\"{1bbe1186-b3bb-4a08-af22-264b3379d8cd}\"/>\n"
            + "  <InstallState state=\"1\"/>\n</WindowsRE>\n");

    private static string? Code(ToolResult refused) => refused.Json.GetProperty("error").GetProperty("code").GetString();

    private static string Copy(ScratchFolder scratch, MachineFirmware firmware, long behind, int cluster)
    {
        var path = scratch["disk.raw"];
        Oracle.Run("cp", "--sparse=always", Machine(firmware, behind, cluster), path).MustSucceed();
        return path;
    }

    private static string Machine(MachineFirmware firmware, long behind, int cluster) =>
        Machines.GetOrAdd((firmware, behind, cluster), key => new Lazy<string>(() =>
        {
            var path = Shared[$"{firmware}-{behind}-{cluster}.raw"];
            MachineImage.Write(path, new MachineSpec
            {
                Firmware = firmware,
                DiskSize = 3 * GiB,
                WindowsPartitionSize = behind == 0 ? 0 : (3 * GiB) - (420 * MiB),
                ClusterSize = cluster,
                Corpus = Corpus.Root,
                Formatter = Volumes.HasMkntfs ? VolumeMaker.Mkntfs : VolumeMaker.Own,
            });
            return path;
        })).Value;

    private static ScratchFolder ForTheProcess()
    {
        var scratch = new ScratchFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => scratch.Dispose();
        return scratch;
    }
}
