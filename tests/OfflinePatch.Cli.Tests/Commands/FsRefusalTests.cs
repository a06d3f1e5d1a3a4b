using System.IO.Compression;
using System.Security.Cryptography;
using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>
/// What a volume of the guest cannot take is refused (exit code 4), and the image stays as it is; what this machine can write, it writes.
/// </summary>
[Trait("tier", "e2e")]
public sealed class FsRefusalTests(Machines machines) : IClassFixture<Machines>
{
    [Fact]
    public void A_full_volume_and_names_that_Windows_cannot_open()
    {
        using var scratch = new ScratchFolder();
        var image = Format(scratch, 16 << 20);
        File.WriteAllBytes(scratch["large"], RandomNumberGenerator.GetBytes(20 << 20));
        File.WriteAllText(scratch["small"], "small");
        Tool.Run("fs", "put", image, scratch["small"], "/taken").MustExit(0);
        Tool.Run("fs", "mkdir", image, "/full/inner").MustExit(0);
        var before = SHA256.HashData(File.ReadAllBytes(image));
        Refuse("NTFS-0401", "put", image, scratch["large"], "/large");
        foreach (var name in new[] { "/CON", "/nul.txt", "/full/com7.log", "/trail.", "/a<b", "/LPT1" })
        {
            Refuse("NTFS-0404", "put", image, scratch["small"], name);
        }

        Refuse("NTFS-0404", "mkdir", image, "/aux");
        Refuse("NTFS-0404", "mkdir", image, "/folder:stream");
        Refuse("NTFS-0404", "mkdir", image, "/folder:");
        Refuse("NTFS-0404", "put", image, scratch["small"], "/file:");
        Refuse("NTFS-0404", "mv", image, "/taken", "/prn");
        Refuse("NTFS-0405", "put", image, scratch["small"], "/taken/below");
        Assert.Equal(before, SHA256.HashData(File.ReadAllBytes(image)));
    }

    [SkippableFact]
    public void Every_name_that_this_machine_can_hold_is_copied()
    {
        Skip.If(!OperatingSystem.IsLinux(), "names of 255 bytes");
        using var scratch = new ScratchFolder();
        var image = Format(scratch, 16 << 20);
        var names = new[] { new string('a', 240), new string('長', 81) + ".txt", new string('ä', 127), "'name' $x [1]",
            new string('z', 255) };
        Directory.CreateDirectory(scratch["in"]);
        foreach (var name in names)
        {
            File.WriteAllText(Path.Combine(scratch["in"], name), name);
        }

        Tool.Run("fs", "put", image, scratch["in"], "/x").MustExit(0);
        Tool.Run("fs", "get", image, "/x", scratch["out"]).MustExit(0);
        foreach (var name in names)
        {
            Assert.Equal(name, File.ReadAllText(Path.Combine(scratch["out"], "x", name)));
        }

        Tool.Run("fs", "check", image).MustExit(0);
    }

    /// <summary>A command without --partition means the volume of Windows: no other one is taken where that is damaged.</summary>
    [Theory]
    [InlineData(MachineFirmware.Bios, "a boot sector of zeros")]
    [InlineData(MachineFirmware.Bios, "no $MFT")]
    [InlineData(MachineFirmware.Uefi, "a boot sector of zeros")]
    [InlineData(MachineFirmware.Uefi, "no $MFT")]
    public void No_volume_is_taken_in_place_of_one_that_cannot_be_read(MachineFirmware firmware, string damage)
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", firmware));
        Partition windows, other;
        using (var file = HostFileDevice.Open(image))
        {
            var partitions = PartitionTable.Read(file).Partitions;
            windows = partitions.MaxBy(p => p.Length)!;
            other = partitions.First(p => p != windows && p.TypeGuid != PartitionTypes.MicrosoftReserved);
        }

        using (var file = new FileStream(image, FileMode.Open))
        {
            var sector = new byte[512];
            file.Position = windows.Offset;
            file.ReadExactly(sector);
            var cluster = BitConverter.ToUInt16(sector, 0x0B) * sector[0x0D];
            file.Position = windows.Offset + (damage == "no $MFT" ? BitConverter.ToInt64(sector, 0x30) * cluster : 0);
            file.Write(new byte[4096]);
        }

        File.WriteAllText(scratch["small"], "small");
        var before = SparseHash.Of(image);
        foreach (string[] line in (string[][])[["check", image], ["ls", image], ["put", image, scratch["small"], "/small.txt"]])
        {
            var error = Tool.Run(["fs", .. line]).MustExit(2).Error;
            Assert.Contains("JOB-0009", error, StringComparison.Ordinal);
            Assert.Contains("--partition", error, StringComparison.Ordinal);
        }

        // What needs a Windows names the damage, and does not call the disk one that holds data only.
        Assert.Contains(damage == "no $MFT" ? "NTFS-0" : "WIN-0001", Tool.Run("check", image).MustExit(2).Error, StringComparison.Ordinal);
        Assert.Equal(before, SparseHash.Of(image));
        Tool.Run("fs", "ls", image, "--partition", $"{other.Number}").MustExit(0);
    }

    /// <summary>
    /// A volume whose log asks for UpdateRecordDataRoot, which no real log has proven: made by MadeCrashTests of the NTFS tests (4 MiB,
    /// gzip).
    /// </summary>
    [Fact]
    public void A_log_with_an_unproven_operation_is_replayed_only_when_forced()
    {
        using var scratch = new ScratchFolder();
        var image = scratch["crashed.raw"];
        using (var packed = new GZipStream(typeof(FsRefusalTests).Assembly.GetManifestResourceStream("crashed-ntfs.gz")!,
            CompressionMode.Decompress))
        using (var file = File.Create(image))
        {
            packed.CopyTo(file);
        }

        File.WriteAllText(scratch["small"], "small");
        var before = SHA256.HashData(File.ReadAllBytes(image));
        Assert.NotEqual(0, Tool.Run("fs", "put", image, scratch["small"], "/new.txt").ExitCode);
        Refuse("NTFS-5209", "put", image, scratch["small"], "/new.txt", "--replay-log");
        Assert.Equal(before, SHA256.HashData(File.ReadAllBytes(image)));
        Tool.Run("fs", "put", image, scratch["small"], "/new.txt", "--replay-log", "--force-replay").MustExit(0);
        Tool.Run("fs", "check", image).MustExit(0);
        Assert.Equal("small", Tool.Run("fs", "cat", image, "/new.txt").MustExit(0).Output);
        Tool.Run("undo", image).MustExit(0);
        Assert.Equal(before, SHA256.HashData(File.ReadAllBytes(image)));
    }

    private static string Format(ScratchFolder scratch, int length)
    {
        using var device = new MemoryDevice(length);
        NtfsFormatter.Format(device, new NtfsFormatOptions());
        var bytes = new byte[length];
        device.Read(0, bytes);
        File.WriteAllBytes(scratch["volume.raw"], bytes);
        return scratch["volume.raw"];
    }

    private static void Refuse(string code, params string[] arguments)
    {
        var result = Tool.Run(["fs", .. arguments]);
        Assert.True(result.ExitCode == 4, $"{string.Join(' ', arguments)}: exit {result.ExitCode} {result.Error}");
        Assert.Contains(code, result.Error, StringComparison.Ordinal);
    }
}
