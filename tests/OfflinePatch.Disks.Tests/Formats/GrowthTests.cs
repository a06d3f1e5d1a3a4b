using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Disks.Tests.Partitions;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Formats;

/// <summary>Disks that grow in place: made by qemu-img, judged by qemu-img check and compare, the partition table by sgdisk.</summary>
public sealed class GrowthTests
{
    private const long MiB = 1024 * 1024;
    private const long GiB = 1024 * MiB;

    public static TheoryData<string, string, string?> Images => new()
    {
        { "raw", "raw", null },
        { "qcow2", "qcow2", null },
        { "qcow2", "qcow2", "compat=0.10" },
        { "qcow2", "qcow2", "cluster_size=4k" },
        { "qcow2", "qcow2", "extended_l2=on" },
        { "qcow2", "qcow2", "cluster_size=512,refcount_bits=1" },
        { "vmdk", "vmdk", "subformat=monolithicSparse" },
        { "vmdk", "vmdk", "subformat=monolithicFlat" },
        { "vhd", "vpc", "force_size=on" },
        { "vhd", "vpc", "subformat=fixed,force_size=on" },
        { "vhdx", "vhdx", "subformat=dynamic,block_size=1M" },
        { "vhdx", "vhdx", "subformat=fixed" },
        { "vdi", "vdi", null },
        { "vdi", "vdi", "static=on" },
        { "qed", "qed", null },
    };

    [SkippableTheory]
    [MemberData(nameof(Images))]
    [Trait("tier", "oracle")]
    public void Grows_in_place(string format, string qemuFormat, string? options)
    {
        Qemu.Require();
        using var scratch = new ScratchFolder();
        var content = DiskModel.Mixed((int)(9 * MiB) + 512, 71);
        content.AsSpan((int)(9 * MiB) - 65536).Fill(0x77); // the last unit of the old disk is stored
        var path = Create(scratch, qemuFormat, options, content);

        // In two steps: the first fits into what pads the tables, the last needs tables of another size.
        foreach (var length in new[] { (9 * MiB) + 8192, 20 * MiB,
            options is "cluster_size=512,refcount_bits=1" or "static=on" or "subformat=fixed" ? 21 * MiB : 70 * GiB })
        {
            using (var files = new HostFiles(path))
            using (var image = DiskFormats.Open(files))
            {
                image.Grow(length);
                Assert.Equal(length, image.Length);
                AssertGrown(image, content);
                image.Write(length - 4096, [1, 2, 3]);
                image.Write(length - 4096, [0, 0, 0]);
                image.Flush();
            }

            using (var files = new HostFiles(path, canWrite: false))
            using (var image = DiskFormats.Open(files))
            {
                Assert.Equal(length, image.Length);
                AssertGrown(image, content);
            }

            Assert.Equal(length, Qemu.VirtualSize(path, qemuFormat));
            if (format is not "raw" && options?.Contains("Flat", StringComparison.Ordinal) != true && format is not "vhd")
            {
                Qemu.Check(path, qemuFormat);
            }

            if (length <= 20 * MiB)
            {
                var expected = new byte[length];
                content.CopyTo(expected, 0);
                Qemu.Compare(path, qemuFormat, expected);
            }
        }
    }

    [SkippableTheory]
    [InlineData(512)]
    [InlineData(4096)]
    [Trait("tier", "oracle")]
    public void The_backup_GPT_moves_to_the_new_end(int sectorSize)
    {
        Oracle.Require("sgdisk");
        using var scratch = new ScratchFolder();
        var disk = PartitionedDisk.Gpt(100 * MiB, sectorSize, (PartitionedDisk.Esp, 2048, 4095, "ESP"),
            (PartitionedDisk.Basic, 4096, 8191, "data"));
        HostFile.Save(disk, scratch["disk.raw"]);
        using (var files = new HostFiles(scratch["disk.raw"]))
        using (var image = DiskFormats.Open(files))
        {
            var before = PartitionTable.Read(image);
            Assert.Null(DiskGrowth.WhyNot(image, before));
            Assert.True(DiskGrowth.Grow(image, 300 * MiB));
            Assert.False(DiskGrowth.Grow(image, 300 * MiB));
            var after = PartitionTable.Read(image);
            Assert.Equal(before.Partitions, after.Partitions);
            Assert.Equal(before.Notes, after.Notes);
            Assert.Equal(before.DiskGuid, after.DiskGuid);
            Assert.Equal((uint)((300 * MiB / sectorSize) - 1), after.Protective!.SectorCount);
        }

        if (sectorSize == 512)
        {
            var output = Oracle.Run("sgdisk", "-v", scratch["disk.raw"]).MustSucceed().Output;
            Assert.Contains("No problems found", output, StringComparison.Ordinal);
            // last usable sector
            Assert.Contains("614366", Oracle.Run("sgdisk", "-p", scratch["disk.raw"]).MustSucceed().Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    [Trait("tier", "unit")]
    public void An_MBR_is_not_touched()
    {
        var disk = PartitionedDisk.Mbr(100 * MiB, (0, 0x80, 7, 2048, 4096));
        using var image = DiskFormats.Open(new MemoryImageFiles(disk));
        var before = Bytes(image, 0, 512);
        Assert.True(DiskGrowth.Grow(image, 40 * GiB));
        Assert.Equal(before, Bytes(image, 0, 512));
        Assert.Equal(40 * GiB, disk.Length);
    }

    [Fact]
    [Trait("tier", "unit")]
    public void What_is_refused_changes_nothing()
    {
        var disk = PartitionedDisk.Gpt(100 * MiB, 512, (PartitionedDisk.Esp, 2048, 4095, "ESP"));
        using var image = DiskFormats.Open(new MemoryImageFiles(disk));
        Assert.Equal("DISK-0007", Assert.Throws<RefusedException>(() => DiskGrowth.Grow(image, 99 * MiB)).Code);
        Assert.Equal("DISK-0007", Assert.Throws<RefusedException>(() => image.Grow((100 * MiB) + 1)).Code);
        disk.Write((100 * MiB) - 512, "XXXX"u8);
        Assert.Equal("PART-0009", Assert.Throws<RefusedException>(() => DiskGrowth.Grow(image, 200 * MiB)).Code);
        Assert.NotNull(DiskGrowth.WhyNot(image, PartitionTable.Read(image)));
        Assert.Equal(100 * MiB, disk.Length);

        var dynamic = PartitionedDisk.Mbr(100 * MiB, (0, 0x80, 0x42, 2048, 4096));
        using var other = DiskFormats.Open(new MemoryImageFiles(dynamic));
        Assert.Equal("PART-0011", Assert.Throws<RefusedException>(() => DiskGrowth.Grow(other, 200 * MiB)).Code);
    }

    [SkippableTheory]
    [InlineData("qcow2")]
    [InlineData("qed")]
    [Trait("tier", "oracle")]
    public void A_disk_with_a_backing_file_does_not_grow(string format)
    {
        Qemu.Require();
        using var scratch = new ScratchFolder();
        File.WriteAllBytes(scratch["base.raw"], DiskModel.Mixed((int)MiB, 3));
        Qemu.Img("create", "-q", "-f", format, "-b", "base.raw", "-F", "raw", scratch["top"]);
        using var files = new HostFiles(scratch["top"]);
        using var image = DiskFormats.Open(files);
        Assert.Equal("DISK-0006", Assert.Throws<UnsupportedImageException>(() => image.Grow(2 * MiB)).Code);
    }

    private static string Create(ScratchFolder scratch, string qemuFormat, string? options, byte[] content)
    {
        var path = scratch["disk." + qemuFormat];
        File.WriteAllBytes(scratch["start.raw"], content);
        string[] more = options is null ? [] : ["-o", options];
        Qemu.Img(["convert", "-f", "raw", "-O", qemuFormat, .. more, scratch["start.raw"], path]);
        if (qemuFormat == "raw")
        {
            using var raw = new HostDevice(path, canWrite: true);
            raw.Write(510, [0x55, 0xAA]);
            raw.Read(0, content.AsSpan(0, 512));
        }

        return path;
    }

    private static void AssertGrown(DiskImage image, byte[] content)
    {
        Assert.Equal(content, Bytes(image, 0, content.Length));

        // What the format itself knows to be zero is believed where the file cannot say it: a RAW image of 70 GiB is not read.
        var end = Math.Min(image.Length, 24 * MiB);
        var rest = Bytes(image, content.Length, (int)(end - content.Length));
        Assert.Equal(-1, rest.AsSpan().IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, Bytes(image, image.Length - 4096, 4096).AsSpan().IndexOfAnyExcept((byte)0));
    }

    private static byte[] Bytes(BlockDevice disk, long offset, int count)
    {
        var bytes = new byte[count];
        disk.Read(offset, bytes);
        return bytes;
    }
}
