using System.IO.Compression;
using OfflinePatch.Fixtures.Agents;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>Every bad input: the right exit code, a stable code, a remedy, and an image that keeps every byte.</summary>
[Trait("tier", "e2e")]
public sealed class BadInputTests(Machines machines) : IClassFixture<Machines>
{
    [Fact]
    public void An_empty_file_is_no_image() => RefuseFile([], 2, "DISK-0001");

    [Fact]
    public void A_text_file_is_no_image() => RefuseFile("this is not a disk\n"u8.ToArray(), 2, "DISK-0001");

    [Fact]
    public void A_missing_file_is_said_so() =>
        Expect(Tool.RunJson("fix", "/nonexistent/disk.vmdk"), 2, "CORE-0010");

    [SkippableFact]
    public void A_truncated_vmdk_is_refused()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, Healthy(), "vmdk", "monolithicSparse");
        using (var file = File.OpenWrite(image))
        {
            file.SetLength(file.Length / 3);
        }

        var hash = SparseHash.Of(image);
        var result = Tool.RunJson("fix", image).MustExit(2);
        Assert.StartsWith("VMDK-", result.ErrorCode, StringComparison.Ordinal);
        HasRemedy(result);
        Assert.Equal(hash, SparseHash.Of(image));
    }

    [SkippableFact]
    public void A_missing_extent_is_named()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, Healthy(), "vmdk", "twoGbMaxExtentSparse");
        var extent = Directory.GetFiles(scratch.Path).First(f => f.EndsWith("s002.vmdk", StringComparison.Ordinal));
        File.Delete(extent);
        var result = Tool.RunJson("fix", image);
        Expect(result, 2, "CORE-0032");
        Assert.Contains(Path.GetFileName(extent), result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gpt_with_both_headers_bad_is_refused()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Uefi));
        using (var file = File.OpenWrite(image))
        {
            file.Seek(512 + 24, SeekOrigin.Begin);
            file.WriteByte(0x77);
            file.Seek(-512 + 24, SeekOrigin.End);
            file.WriteByte(0x77);
        }

        Refuse(image, 2, null, "PART-");
    }

    [Fact]
    public void A_disk_without_windows_is_refused() => RefuseMachine(2, "WIN-0001", Defect.NoWindows);

    [Fact]
    public void A_windows_without_a_system_hive_is_refused() => RefuseMachine(2, "WIN-0002", Defect.NoSystemHive);

    [Fact]
    public void A_corrupt_system_hive_is_refused_by_its_gate() => RefuseGate("hive.corrupt", Defect.CorruptHive);

    [Fact]
    public void A_dirty_hive_without_logs_is_refused_by_its_gate() => RefuseGate("hive.unclean", Defect.DirtyHive);

    [Fact]
    public void A_hibernated_volume_is_refused_by_its_gate() => RefuseGate("volume.hibernated", Defect.Hibernated);

    [Fact]
    public void A_dirty_volume_is_refused_by_its_gate() => RefuseGate("volume.dirty", Defect.DirtyVolume);

    [Fact]
    public void An_unclean_log_is_refused_by_its_gate() => RefuseGate("volume.log-unclean", Defect.UncleanLog);

    [Fact]
    public void An_unclean_log_is_replayed_where_the_user_asks_for_it()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.UncleanLog));
        var hash = SparseHash.Of(image);
        var result = Tool.RunJson("fix", image, "--replay-log", "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers).MustExit(0);
        Assert.Contains(
            result.Image.GetProperty("notes").EnumerateArray(),
            n => n.GetString()!.Contains("$LogFile was replayed", StringComparison.Ordinal));
        Tool.Run("check", image).MustExit(0);
        Tool.Run("undo", image).MustExit(0);
        Assert.Equal(hash, SparseHash.Of(image));
    }

    [Fact]
    public void BitLocker_is_refused_by_its_gate() => RefuseGate("volume.bitlocker", Defect.BitLocker);

    [Fact]
    public void Pending_servicing_is_refused_by_its_gate() => RefuseGate("windows.servicing-pending", Defect.ServicingPending);

    [SkippableFact]
    public void A_file_that_this_user_may_not_write_is_told_and_left_alone()
    {
        Oracle.RequireAnotherUser();
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, Healthy());
        FileModes.Set(scratch.Path, (UnixFileMode)0b111_111_111);
        FileModes.Set(image, (UnixFileMode)0b110_100_100);
        var hash = SparseHash.Of(image);

        // Reading everything, so that a program in a private folder starts; writing nothing.
        string[] read = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--bounding-set=-all,+dac_read_search"];
        var result = Oracle.RunAsNobody([.. read, Tool.Path, "fix", image, "--json"]);
        Assert.Equal(5, result.ExitCode);
        Assert.Contains("CORE-0012", result.Output, StringComparison.Ordinal);
        Assert.Equal(hash, SparseHash.Of(image));

        // The other way round: whoever owns it, root may write it.
        Oracle.Run("chown", "65534:65534", image).MustSucceed();
        Assert.True(Tool.Run("fix", image, "--only", "network.*").ExitCode is 0 or 3);
        Assert.NotEqual(hash, SparseHash.Of(image));
    }

    [Fact]
    public void A_driver_folder_without_a_driver_for_this_windows_changes_nothing()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, Healthy());
        SampleDriverDisc.Write(scratch["old"],
            SampleDriverDisc.Virtio(includeFolder: folder => folder == "w7")
                .Where(f => f.Path.Contains("/x86/", StringComparison.Ordinal)));
        RefuseWith(image, "--trust-root", SampleRoot.Path, "--drivers", scratch["old"]);
    }

    [Fact]
    public void A_broken_inf_changes_nothing()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, Healthy());
        SampleDriverDisc.Write(scratch["broken"], SampleDriverDisc.Virtio());
        foreach (var inf in Directory.EnumerateFiles(scratch["broken"], "viostor.inf", SearchOption.AllDirectories))
        {
            File.WriteAllText(inf, "[Version\nSignature=\"$Windows NT$\"\n\"unclosed");
        }

        var result = RefuseWith(image, "--trust-root", SampleRoot.Path, "--drivers", scratch["broken"]);
        Assert.Contains("viostor.inf installs no device", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disk_with_linux_only_is_refused()
    {
        using var scratch = new ScratchFolder();
        using (var disk = new OutputFile(scratch["linux.raw"], overwrite: false))
        {
            disk.SetLength(40L << 30);
            Fixtures.Disks.PartitionTableWriter.WriteMbr(disk, 0x1234,
                [new Fixtures.Disks.PartitionEntry(1 << 20, 10L << 30, MbrType: 0x83, Active: true)]);
            disk.Write((1 << 20) + 1024 + 56, [0x53, 0xEF]); // the magic of an ext superblock
            disk.Complete();
        }

        Refuse(scratch["linux.raw"], 2, "WIN-0001");
    }

    [Fact]
    public void An_agent_archive_that_reaches_out_of_its_folder_changes_nothing()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, Healthy());
        SampleCloudbaseInit.Write(scratch["evil.zip"], 3);
        using (var archive = ZipFile.Open(scratch["evil.zip"], ZipArchiveMode.Update))
        {
            using var stream = archive.CreateEntry("../../Windows/System32/evil.dll").Open();
            stream.WriteByte(1);
        }

        RefuseWith(image, "--cloudbase-init", scratch["evil.zip"]);
    }

    [Fact]
    public void An_agent_archive_without_its_service_changes_nothing()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, Healthy());
        using (var archive = ZipFile.Open(scratch["half.zip"], ZipArchiveMode.Create))
        {
            using var stream = archive.CreateEntry("Python/python.exe").Open();
            stream.WriteByte(1);
        }

        RefuseWith(image, "--cloudbase-init", scratch["half.zip"]);
    }

    [Fact]
    public void The_same_image_given_twice_is_a_mistake()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, Healthy());
        var hash = SparseHash.Of(image);
        var result = Tool.Run("fix", image, Path.Combine(scratch.Path, ".", "disk.raw"));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("twice", result.Error, StringComparison.Ordinal);
        Assert.Equal(hash, SparseHash.Of(image));
    }

    [Fact]
    public void An_image_that_another_run_holds_is_refused()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, Healthy());
        using (ImageTransaction.Open(image, new TransactionOptions { Writable = true }))
        {
            var result = Tool.RunJson("fix", image);
            Assert.Equal(4, result.ExitCode);
            Assert.Contains(result.ErrorCode, new[] { "CORE-0013", "CORE-0014" });
            HasRemedy(result);
        }
    }

    [SkippableFact]
    public void A_full_disk_while_committing_leaves_the_image_as_it_was()
    {
        using var scratch = new ScratchFolder();
        using var small = new SmallFileSystem(scratch["small"], size: 256);
        var image = Path.Combine(small.Path, "disk.raw");
        Oracle.Run("cp", "--sparse=always", machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress), image).MustSucceed();
        var hash = SparseHash.Of(image);
        var free = new DriveInfo(small.Path).AvailableFreeSpace;
        using (var filler = File.Create(Path.Combine(small.Path, "filler")))
        {
            filler.Write(new byte[Math.Max(0, free - (256 * 1024))]);
        }

        var result = Tool.RunJson("fix", image, "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers, "--cloudbase-init",
            machines.Agent).MustExit(5);
        HasRemedy(result);
        Assert.Equal(hash, SparseHash.Of(image));
        Assert.Equal(["disk.raw", "filler"], Directory.GetFiles(small.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void One_bad_image_does_not_stop_the_others()
    {
        using var scratch = new ScratchFolder();
        var good = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress));
        File.WriteAllText(scratch["bad.raw"], "text");
        var result = Tool.RunJson("fix", scratch["bad.raw"], good, "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers,
            "--cloudbase-init", machines.Agent);
        Assert.Equal(2, result.ExitCode);
        Assert.Equal(["error", "ready"],
            result.Json.GetProperty("images").EnumerateArray().Select(i => i.GetProperty("result").GetString()));
    }

    private string Healthy() => machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress);

    private static void RefuseFile(byte[] content, int exit, string code)
    {
        using var scratch = new ScratchFolder();
        File.WriteAllBytes(scratch["disk.vmdk"], content);
        Expect(Tool.RunJson("fix", scratch["disk.vmdk"]), exit, code);
        Assert.Equal(content, File.ReadAllBytes(scratch["disk.vmdk"]));
    }

    private void RefuseMachine(int exit, string code, Defect defect)
    {
        using var scratch = new ScratchFolder();
        Refuse(machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, defect)), exit, code);
    }

    private void RefuseGate(string gate, Defect defect)
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, defect));
        var hash = SparseHash.Of(image);
        var result = Tool.RunJson("fix", image, "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers).MustExit(4);
        Assert.Equal("refused", result.Image.GetProperty("result").GetString());
        Assert.Equal([gate], result.In("failed"));
        Assert.NotEmpty(result.Image.GetProperty("rules").EnumerateArray().First(r => r.GetProperty("id").GetString() == gate)
            .GetProperty("remedy").GetString()!);
        Assert.Equal(hash, SparseHash.Of(image));
        Assert.Single(Directory.GetFiles(scratch.Path));
    }

    private static ToolResult RefuseWith(string image, params string[] options)
    {
        var hash = SparseHash.Of(image);
        var result = Tool.RunJson(["fix", image, .. options]);
        Assert.Contains(result.ExitCode, new[] { 2, 4 });
        Assert.NotNull(result.ErrorCode);
        HasRemedy(result);
        Assert.Equal(hash, SparseHash.Of(image));
        return result;
    }

    private static void Refuse(string image, int exit, string? code, string prefix = "")
    {
        var hash = SparseHash.Of(image);
        var result = Tool.RunJson("fix", image).MustExit(exit);
        Assert.StartsWith(code ?? prefix, result.ErrorCode, StringComparison.Ordinal);
        HasRemedy(result);
        Assert.Equal(hash, SparseHash.Of(image));
    }

    private static void Expect(ToolResult result, int exit, string code)
    {
        result.MustExit(exit);
        Assert.Equal(code, result.ErrorCode);
        HasRemedy(result);
    }

    private static void HasRemedy(ToolResult result) =>
        Assert.NotEmpty(result.Image.GetProperty("error").GetProperty("remedy").GetString()!);
}
