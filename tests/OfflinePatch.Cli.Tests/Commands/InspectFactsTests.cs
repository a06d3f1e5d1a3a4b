using System.Globalization;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>
/// What containers, partition tables and volumes say about themselves is in what <c>inspect</c> prints, as text and as JSON.
/// </summary>
[Trait("tier", "e2e")]
public sealed class InspectFactsTests(Machines machines) : IClassFixture<Machines>
{
    [SkippableFact]
    public void A_container_with_snapshots()
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Uefi), "qcow2");
        Oracle.Run("qemu-img", "snapshot", "-c", "before", image).MustSucceed();
        var report = Tool.RunJson("inspect", image).MustExit(0).Image;
        Assert.Contains(Notes(report), n => n.Contains("1 snapshot of earlier states", StringComparison.Ordinal));
        Assert.Equal("1", report.GetProperty("inspection").GetProperty("container").GetProperty("snapshots").GetString());
        var text = Tool.RunWith(["COLUMNS=400"], "inspect", image).MustExit(0).Output;
        Assert.Contains("snapshots 1", text, StringComparison.Ordinal);
        Assert.Contains("gpt, ", text, StringComparison.Ordinal);
        Assert.Contains("sectors of 512 bytes", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_VMDK_with_changed_block_tracking_that_was_not_closed()
    {
        using var scratch = new ScratchFolder();
        var sparse = scratch["sparse.vmdk"];
        Tool.Run("convert", machines.Raw("win2019", MachineFirmware.Bios), sparse).MustExit(0);
        using (var file = File.Open(sparse, FileMode.Open))
        {
            file.Position = 0x48;
            file.WriteByte(1);
        }

        Assert.Contains(Notes(Tool.RunJson("inspect", sparse).MustExit(0).Image),
            n => n.Contains("was not closed properly", StringComparison.Ordinal));

        var raw = machines.Raw("win2019", MachineFirmware.Bios);
        var flat = machines.Copy(scratch, raw);
        File.Move(flat, scratch["disk-flat.vmdk"]);
        File.WriteAllText(scratch["disk.vmdk"], string.Create(CultureInfo.InvariantCulture, $"""
            # Disk DescriptorFile
            version=1
            CID=1a2b3c4d
            parentCID=ffffffff
            createType="monolithicFlat"
            RW {new FileInfo(scratch["disk-flat.vmdk"]).Length / 512} FLAT "disk-flat.vmdk" 0
            changeTrackPath="disk-ctk.vmdk"
            ddb.adapterType = "lsilogic"
            """));
        Assert.Contains(Notes(Tool.RunJson("inspect", scratch["disk.vmdk"]).MustExit(0).Image),
            n => n.Contains("disk-ctk.vmdk", StringComparison.Ordinal));
        Assert.Contains("changeTrackPath disk-ctk.vmdk", Tool.RunWith(["COLUMNS=400"], "inspect", scratch["disk.vmdk"]).Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Partitions_and_volumes()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Uefi, Defect.DirtyVolume));
        var report = Tool.RunJson("inspect", image).MustExit(0).Image;
        Assert.Equal(512, report.GetProperty("inspection").GetProperty("sectorSize").GetInt32());
        Assert.Equal(512, report.GetProperty("inspection").GetProperty("tableSectorSize").GetInt32());
        var partitions = report.GetProperty("partitions").EnumerateArray().ToList();
        var windows = partitions.Single(p => p.GetProperty("role").GetString()!.Contains("windows", StringComparison.Ordinal))
            .GetProperty("volume");
        Assert.Equal("NTFS 3.1", windows.GetProperty("format").GetString());
        Assert.Equal(4096, windows.GetProperty("clusterSize").GetInt32());
        Assert.True(windows.GetProperty("dirty").GetBoolean());
        Assert.NotNull(windows.GetProperty("log").GetString());
        Assert.Equal(16, windows.GetProperty("serial").GetString()!.Length);
        Assert.Contains(partitions, p => p.TryGetProperty("name", out var name) && name.GetString()!.Length > 0);
        Assert.Contains("marked dirty", Tool.RunWith(["COLUMNS=400"], "inspect", image).Output, StringComparison.Ordinal);
    }

    /// <summary>A FAT volume that was not dismounted: Windows writes to it, and so do we; it is said.</summary>
    [Fact]
    public void A_FAT_volume_that_was_not_dismounted()
    {
        using var scratch = new ScratchFolder();
        using var device = new MemoryDevice(8 << 20);
        FatFormatter.Format(device, new FatFormatOptions { Type = FatType.Fat16, SerialNumber = 0x12345678 });
        device.Write(0x25, [1]);
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        File.WriteAllBytes(scratch["fat.raw"], bytes);
        Assert.Contains(Notes(Tool.RunJson("inspect", scratch["fat.raw"]).MustExit(0).Image),
            n => n.Contains("not cleanly dismounted", StringComparison.Ordinal));
    }

    private static List<string> Notes(System.Text.Json.JsonElement image) =>
        [.. image.GetProperty("notes").EnumerateArray().Select(n => n.GetString()!)];
}
