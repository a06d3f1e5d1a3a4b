using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Partitions;

/// <summary>Partitions that get another place or length: sgdisk and sfdisk judge the table, and other entries stay.</summary>
public sealed class PartitionRangeTests
{
    private const long MiB = 1024 * 1024;

    [SkippableTheory]
    [InlineData(512)]
    [InlineData(4096)]
    [Trait("tier", "oracle")]
    public void A_gpt_partition_takes_what_follows_it(int sectorSize)
    {
        var unit = (ulong)(MiB / sectorSize);
        using var disk = PartitionedDisk.Gpt(100 * MiB, sectorSize, (PartitionedDisk.Esp, unit, (2 * unit) - 1, "ESP"),
            (PartitionedDisk.Basic, 2 * unit, (3 * unit) - 1, "Windows"), (PartitionedDisk.Basic, 50 * unit, (51 * unit) - 1, "data"));
        var before = PartitionTable.Read(disk);
        Assert.Equal(2 * MiB, PartitionRange.FreeEnd(disk, before, before.Partitions[0], disk.Length));
        Assert.Equal(50 * MiB, PartitionRange.FreeEnd(disk, before, before.Partitions[1], disk.Length));
        var table = 16384 / sectorSize;
        Assert.Equal((100 * MiB) - ((table + 1) * sectorSize), PartitionRange.FreeEnd(disk, before, before.Partitions[2], disk.Length));
        Assert.Equal((300 * MiB) - ((table + 1) * sectorSize), PartitionRange.FreeEnd(disk, before, before.Partitions[2], 300 * MiB));

        PartitionRange.Set(disk, before, before.Partitions[1], 2 * MiB, 48 * MiB);
        var after = PartitionTable.Read(disk);
        Assert.Equal(before.Partitions[1] with { Length = 48 * MiB }, after.Partitions[1]);
        Assert.Equal([before.Partitions[0], before.Partitions[2]], [after.Partitions[0], after.Partitions[2]]);
        Assert.Equal(before.Notes, after.Notes);
        if (sectorSize == 512)
        {
            Oracle.Require("sgdisk");
            using var scratch = new ScratchFolder();
            HostFile.Save(disk, scratch["disk.raw"]);
            Assert.Contains("No problems found", Oracle.Run("sgdisk", "-v", scratch["disk.raw"]).MustSucceed().Output,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    [Trait("tier", "unit")]
    public void A_backup_that_was_left_inside_the_disk_moves_to_its_end()
    {
        using var disk = PartitionedDisk.Gpt(100 * MiB, 512, (PartitionedDisk.Basic, 2048, 4095, "Windows"));
        disk.SetLength(200 * MiB); // as qemu-img resize leaves it
        using var image = DiskFormats.Open(new MemoryImageFiles(disk));
        var table = PartitionTable.Read(image);
        Assert.True(DiskGrowth.IsBackupBeforeEnd(image, table));
        Assert.Equal((200 * MiB) - (33 * 512), PartitionRange.FreeEnd(image, table, table.Partitions[0], image.Length));
        Assert.True(DiskGrowth.MoveBackupToEnd(image, table));
        table = PartitionTable.Read(image);
        Assert.False(DiskGrowth.MoveBackupToEnd(image, table));
        Assert.Equal((200 * MiB) - (33 * 512), PartitionRange.FreeEnd(image, table, table.Partitions[0], image.Length));
        Assert.Empty(table.Notes);
    }

    /// <summary>Cylinder, head and sector follow the geometry of 255 heads and 63 sectors, and end with FE FF FF.</summary>
    [SkippableTheory]
    [InlineData(100 * MiB, "BE 32 0C")]
    [InlineData(8000 * MiB, "DA DF FB")]
    [InlineData(9000 * MiB, "FE FF FF")]
    [Trait("tier", "oracle")]
    public void An_mbr_partition_takes_what_follows_it(long end, string chs)
    {
        using var disk = PartitionedDisk.Mbr(10000 * MiB, (0, 0x80, 7, 2048, 4096), (3, 0, 7, 20_000_000, 4096));
        var boot = Bytes(disk, 0, 440);
        var table = PartitionTable.Read(disk);
        PartitionRange.Set(disk, table, table.Partitions[0], MiB, end - MiB);
        var entry = Bytes(disk, 446, 16);
        Assert.Equal(chs, BitConverter.ToString(entry, 5, 3).Replace('-', ' '));
        Assert.Equal([0x80, 0, 0, 0, 7], entry[..5]); // start and type as they were
        Assert.Equal(boot, Bytes(disk, 0, 440));
        var after = PartitionTable.Read(disk);
        Assert.Equal(table.Partitions[0] with { Length = end - MiB }, after.Partitions[0]);
        Assert.Equal(table.Partitions[1], after.Partitions[1]);
        Assert.Equal(table.MbrSignature, after.MbrSignature);
        Oracle.Require("sfdisk");
        using var scratch = new ScratchFolder();
        HostFile.Save(disk, scratch["disk.raw"]);
        Assert.Contains("No errors detected", Oracle.Run("sfdisk", "--verify", scratch["disk.raw"]).MustSucceed().Output,
            StringComparison.Ordinal);
    }

    [Fact]
    [Trait("tier", "unit")]
    public void An_mbr_ends_at_2_TiB_and_before_an_extended_partition()
    {
        using var disk = PartitionedDisk.Mbr(3L << 40, (0, 0x80, 7, 2048, 4096));
        var table = PartitionTable.Read(disk);
        Assert.Equal(2L << 40, PartitionRange.FreeEnd(disk, table, table.Partitions[0], disk.Length));
        AssertRefused("PART-0016", disk, () => PartitionRange.Set(disk, table, table.Partitions[0], MiB, 2L << 40));
        AssertRefused("PART-0016", disk, () => PartitionRange.Set(disk, table, table.Partitions[0], MiB, (3L << 40) - MiB + 512));

        using var chained = PartitionedDisk.Mbr(100 * MiB, (0, 0x80, 7, 2048, 4096), (1, 0, 0x0F, 40960, 40960));
        PartitionedDisk.WriteBootRecord(chained, 20 * MiB, (0, 0, 7, 2048, 4096));
        var logical = PartitionTable.Read(chained);
        Assert.Equal(20 * MiB, PartitionRange.FreeEnd(chained, logical, logical.Partitions[0], 100 * MiB));
        AssertRefused("PART-0016", chained, () => PartitionRange.Set(chained, logical, logical.Partitions[0], MiB, 19 * MiB + 512));
        AssertRefused("PART-0014", chained, () => PartitionRange.Set(chained, logical, logical.Partitions[1], 21 * MiB, 10 * MiB));
    }

    [Fact]
    [Trait("tier", "unit")]
    public void What_is_not_understood_is_refused_and_stays_as_it_is()
    {
        using var disk = PartitionedDisk.Gpt(100 * MiB, 512, (PartitionedDisk.Basic, 2048, 4095, "a"),
            (PartitionedDisk.Basic, 8192, 9999, "b"));
        var table = PartitionTable.Read(disk);
        AssertRefused("PART-0016", disk, () => PartitionRange.Set(disk, table, table.Partitions[0], MiB, (3 * MiB) + 512));
        AssertRefused("PART-0016", disk, () => PartitionRange.Set(disk, table, table.Partitions[1], 4 * MiB, 96 * MiB));
        AssertRefused("PART-0016", disk, () => PartitionRange.Set(disk, table, table.Partitions[0], 512, MiB));
        AssertRefused("PART-0016", disk, () => PartitionRange.Set(disk, table, table.Partitions[0], MiB, 100));
        AssertRefused("PART-0016", disk, () => PartitionRange.Set(disk, table, table.Partitions[0], MiB, 0));

        disk.Write(446 + 16 + 4, [7, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0]); // a second entry of the MBR names the partition, too
        AssertRefused("PART-0015", disk, () => PartitionRange.Set(disk, table, table.Partitions[0], MiB, 2 * MiB));
        disk.Write(446 + 16, new byte[16]);
        disk.Write((100 * MiB) - 512, "XXXX"u8);
        var damaged = PartitionTable.Read(disk);
        AssertRefused("PART-0009", disk, () => PartitionRange.Set(disk, damaged, damaged.Partitions[0], MiB, 2 * MiB));

        using var dynamic = PartitionedDisk.Mbr(100 * MiB, (0, 0x80, 0x42, 2048, 4096));
        var ldm = PartitionTable.Read(dynamic);
        AssertRefused("PART-0011", dynamic, () => PartitionRange.Set(dynamic, ldm, ldm.Partitions[0], MiB, 3 * MiB));
    }

    private static void AssertRefused(string code, BlockDevice disk, Action action)
    {
        var before = Bytes(disk, 0, 64 * 1024);
        Assert.Equal(code, Assert.Throws<RefusedException>(action).Code);
        Assert.Equal(before, Bytes(disk, 0, 64 * 1024));
    }

    private static byte[] Bytes(BlockDevice disk, long offset, int count)
    {
        var bytes = new byte[count];
        disk.Read(offset, bytes);
        return bytes;
    }
}
