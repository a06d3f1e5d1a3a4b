using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Partitions;

/// <summary>
/// Tables that name their own parts where something else is: in a partition, in the other copy, at an end of the disk that a partition
/// uses, in a range that only the MBR lists. Every writer of a GPT refuses them, and no byte changes.
/// </summary>
[Trait("tier", "unit")]
public sealed class GptOwnershipTests
{
    private const long MiB = 1024 * 1024;
    private const int Sector = 512;

    /// <summary>Sectors of a disk of 100 MiB.</summary>
    private const ulong Sectors = 100 * 2048;

    [Theory]
    [InlineData("backup table in a partition")]
    [InlineData("backup table is the primary one")]
    [InlineData("primary table in a partition")]
    [InlineData("backup table on the primary header's neighbour")]
    public void A_table_that_lies_elsewhere_is_not_written(string lie)
    {
        using var disk = PartitionedDisk.Gpt(100 * MiB, Sector, (PartitionedDisk.Basic, 2048, 8191, "Windows"));
        var table = Bytes(disk, 2 * Sector, 128 * 128);
        switch (lie)
        {
            case "backup table in a partition":
                disk.Write(4096 * Sector, table);
                PartitionedDisk.WriteGptHeader(disk, Sector, Sectors - 1, 1, 4096, 34, Sectors - 34, table);
                break;
            case "backup table is the primary one":
                PartitionedDisk.WriteGptHeader(disk, Sector, Sectors - 1, 1, 2, 34, Sectors - 34, table);
                break;
            case "primary table in a partition":
                disk.Write(4096 * Sector, table);
                PartitionedDisk.WriteGptHeader(disk, Sector, 1, Sectors - 1, 4096, 34, Sectors - 34, table);
                break;
            default:
                disk.Write(10 * Sector, table);
                PartitionedDisk.WriteGptHeader(disk, Sector, Sectors - 1, 1, 10, 34, Sectors - 34, table);
                PartitionedDisk.WriteGptHeader(disk, Sector, 1, Sectors - 1, 10, 34, Sectors - 34, table);
                break;
        }

        var before = Bytes(disk, 0, (int)disk.Length);
        using var image = DiskFormats.Open(new MemoryImageFiles(disk));
        var read = PartitionTable.Read(image);
        Assert.Equal((2048 * Sector, 6144 * Sector), (read.Partitions[0].Offset, read.Partitions[0].Length)); // it can be read
        AssertRefused("PART-0009", () => PartitionRange.Set(image, read, read.Partitions[0], MiB, 10 * MiB));
        AssertRefused("PART-0009", () => GptPartitionWriter.Add(image, read, read.Partitions[0] with { Offset = 50 * MiB }));
        AssertRefused("PART-0009", () => DiskGrowth.Grow(image, 200 * MiB));
        Assert.Equal(100 * MiB, disk.Length);
        Assert.Equal(before, Bytes(disk, 0, (int)disk.Length));
    }

    [Fact]
    public void The_backup_does_not_move_onto_a_partition_at_the_end()
    {
        using var disk = PartitionedDisk.Gpt(50 * MiB, Sector, (PartitionedDisk.Basic, 2048, 4095, "Windows"),
            (PartitionedDisk.Basic, Sectors - 4096, Sectors - 1, "data"));
        disk.SetLength(100 * MiB); // grown by another program, with a partition that reaches beyond the usable range
        var before = Bytes(disk, 0, (int)disk.Length);
        using var image = DiskFormats.Open(new MemoryImageFiles(disk));
        var table = PartitionTable.Read(image);
        Assert.Equal(2, table.Partitions.Count);
        AssertRefused("PART-0009", () => DiskGrowth.MoveBackupToEnd(image, table));
        AssertRefused("PART-0009", () => DiskGrowth.Grow(image, (100 * MiB) + Sector));
        Assert.Equal(before, Bytes(disk, 0, (int)disk.Length));
    }

    [Fact]
    public void What_only_a_hybrid_MBR_lists_is_not_free()
    {
        using var disk = PartitionedDisk.Gpt(100 * MiB, Sector, (PartitionedDisk.Basic, 2048, 4095, "Windows"));
        PartitionedDisk.WriteBootRecord(disk, 0, (0, 0, 0xEE, 1, 2047), (1, 0, 7, 40 * 2048, 10 * 2048));
        var before = Bytes(disk, 0, (int)disk.Length);
        using var image = DiskFormats.Open(new MemoryImageFiles(disk));
        var table = PartitionTable.Read(image);
        foreach (var offset in new[] { 30L, 40, 49 })
        {
            var partition = table.Partitions[0] with { Offset = offset * MiB, Length = 11 * MiB };
            AssertRefused("PART-0012", () => GptPartitionWriter.Add(image, table, partition));
        }

        Assert.Equal(before, Bytes(disk, 0, (int)disk.Length));
        GptPartitionWriter.Add(image, table, table.Partitions[0] with { Offset = 50 * MiB, UniqueGuid = Guid.NewGuid() });
    }

    private static void AssertRefused(string code, Action action) => Assert.Equal(code, Assert.Throws<RefusedException>(action).Code);

    private static byte[] Bytes(BlockDevice disk, long offset, int count)
    {
        var bytes = new byte[count];
        disk.Read(offset, bytes);
        return bytes;
    }
}
