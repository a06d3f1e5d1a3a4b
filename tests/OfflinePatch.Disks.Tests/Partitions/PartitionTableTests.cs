using System.Globalization;
using System.Text.RegularExpressions;
using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Partitions;

[Trait("tier", "layout")]
public sealed class PartitionTableTests
{
    private const long MiB = 1024 * 1024;

    [Fact]
    public void MBR_with_primaries_and_an_active_one()
    {
        var table = PartitionTable.Read(PartitionedDisk.Mbr(100 * MiB, (0, 0x80, 0x07, 2048, 2048), (2, 0, 0x27, 8192, 4096)));

        Assert.Equal(PartitionScheme.Mbr, table.Scheme);
        Assert.Equal(0x12345678u, table.MbrSignature);
        Assert.Equal([1, 3], table.Partitions.Select(p => p.Number));
        Assert.Equal((MiB, MiB, true, (byte)7),
            (table.Partitions[0].Offset, table.Partitions[0].Length, table.Partitions[0].IsActive, table.Partitions[0].MbrType));
        Assert.Equal((4 * MiB, 2 * MiB, false), (table.Partitions[1].Offset, table.Partitions[1].Length, table.Partitions[1].IsActive));
        Assert.Empty(table.Notes);
        Assert.False(table.HasDynamicDisk);
    }

    [Fact]
    public void Logical_partitions_are_followed()
    {
        var disk = PartitionedDisk.Mbr(100 * MiB, (0, 0x80, 0x07, 2048, 2048), (1, 0, 0x0F, 10_000, 50_000));
        PartitionedDisk.WriteBootRecord(disk, 10_000L * 512, (0, 0, 0x07, 63, 1000), (1, 0, 0x05, 5_000, 2_000));
        PartitionedDisk.WriteBootRecord(disk, 15_000L * 512, (0, 0, 0x83, 100, 500));

        var table = PartitionTable.Read(disk);

        Assert.Equal([1, 5, 6], table.Partitions.Select(p => p.Number));
        Assert.Equal([2048L * 512, 10_063L * 512, 15_100L * 512], table.Partitions.Select(p => p.Offset));
        Assert.True(table.Partitions[1].IsLogical);
    }

    [Fact]
    public void Looping_chain_is_refused()
    {
        var disk = PartitionedDisk.Mbr(100 * MiB, (1, 0, 0x05, 10_000, 50_000));
        PartitionedDisk.WriteBootRecord(disk, 10_000L * 512, (1, 0, 0x05, 0, 2_000));

        Assert.Equal("PART-0005", Assert.Throws<CorruptImageException>(() => PartitionTable.Read(disk)).Code);
    }

    [Fact]
    public void Chain_that_leaves_the_extended_partition_is_refused()
    {
        var disk = PartitionedDisk.Mbr(100 * MiB, (1, 0, 0x05, 10_000, 50_000));
        PartitionedDisk.WriteBootRecord(disk, 10_000L * 512, (1, 0, 0x05, 60_000, 2_000));

        Assert.Equal("PART-0006", Assert.Throws<CorruptImageException>(() => PartitionTable.Read(disk)).Code);
    }

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    public void GPT_in_both_sector_sizes(int sectorSize)
    {
        var perMiB = (ulong)(MiB / sectorSize);
        var disk = PartitionedDisk.Gpt(100 * MiB, sectorSize, (PartitionedDisk.Esp, perMiB, (2 * perMiB) - 1, "EFI system partition"),
            (PartitionedDisk.Basic, 4 * perMiB, (9 * perMiB) - 1, "Basic data"));

        var table = PartitionTable.Read(disk);

        Assert.Equal((PartitionScheme.Gpt, sectorSize, PartitionedDisk.DiskGuid), (table.Scheme, table.SectorSize, table.DiskGuid));
        Assert.Equal((1, MiB, MiB, PartitionTypes.EfiSystem, "EFI system partition"), Facts(table.Partitions[0]));
        Assert.Equal((2, 4 * MiB, 5 * MiB, PartitionTypes.BasicData, "Basic data"), Facts(table.Partitions[1]));
        Assert.Equal(new Guid(2, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]), table.Partitions[1].UniqueGuid);
        Assert.Equal(new ProtectiveMbr(1, 0, 1, (uint)((100 * MiB / sectorSize) - 1), HasBootSignature: true, HasOtherEntries: false),
            table.Protective);
        Assert.Equal((512, sectorSize == 512), (table.DeviceSectorSize, table.IsVisibleToFirmware));
        Assert.Equal(sectorSize == 512 ? 0 : 1, table.Notes.Count);
    }

    [Theory]
    [InlineData(512)] // header
    [InlineData(1024)] // table
    public void Damaged_primary_falls_back_to_the_backup(int offset)
    {
        var disk = SmallGpt();
        Flip(disk, offset + 40);

        var table = PartitionTable.Read(disk);

        Assert.Equal(2, table.Partitions.Count);
        Assert.Contains(table.Notes, n => n.StartsWith("the primary GPT is damaged", StringComparison.Ordinal));
    }

    [Fact]
    public void Damaged_backup_is_noted()
    {
        var disk = SmallGpt();
        Flip(disk, disk.Length - 512 + 60);

        Assert.Contains(PartitionTable.Read(disk).Notes, n => n.StartsWith("the backup GPT is damaged", StringComparison.Ordinal));
    }

    [Fact]
    public void A_header_that_was_copied_from_another_sector_is_none()
    {
        var disk = SmallGpt();
        var backup = new byte[512];
        disk.Read(disk.Length - 512, backup);
        disk.Write(512, backup); // whole, and of the last sector

        var table = PartitionTable.Read(disk);

        Assert.Equal(2, table.Partitions.Count);
        Assert.Contains(table.Notes, n => n.StartsWith("the primary GPT is damaged", StringComparison.Ordinal));
    }

    [Fact]
    public void Both_copies_damaged()
    {
        var disk = SmallGpt();
        Flip(disk, 512 + 24);
        Flip(disk, disk.Length - 512 + 24);

        Assert.Equal("PART-0001", Assert.Throws<CorruptImageException>(() => PartitionTable.Read(disk)).Code);
    }

    [Fact]
    public void Grown_disk_is_noted()
    {
        var disk = SmallGpt();
        disk.SetLength(disk.Length + MiB);

        Assert.Contains("the backup GPT is not at the end of the disk: the disk was grown", PartitionTable.Read(disk).Notes);
    }

    [Fact]
    public void Missing_protective_MBR_is_noted()
    {
        var disk = SmallGpt();
        disk.Write(0, new byte[512]);

        var table = PartitionTable.Read(disk);
        Assert.Equal((PartitionScheme.Gpt, 2), (table.Scheme, table.Partitions.Count));
        Assert.NotEmpty(table.Notes);
    }

    [Fact]
    public void Real_MBR_wins_over_an_old_GPT()
    {
        var disk = SmallGpt();
        PartitionedDisk.WriteBootRecord(disk, 0, (0, 0x80, 0x07, 2048, 100));

        var table = PartitionTable.Read(disk);
        Assert.Equal((PartitionScheme.Mbr, 1), (table.Scheme, table.Partitions.Count));
        Assert.NotEmpty(table.Notes);
    }

    [Fact]
    public void Overlap_and_outside_are_refused()
    {
        Assert.Equal("PART-0003", Assert.Throws<CorruptImageException>(() =>
            PartitionTable.Read(PartitionedDisk.Mbr(MiB, (0, 0, 7, 100, 100), (1, 0, 7, 150, 100)))).Code);
        Assert.Equal("PART-0002", Assert.Throws<CorruptImageException>(() =>
            PartitionTable.Read(PartitionedDisk.Mbr(MiB, (0, 0, 7, 100, 100_000)))).Code);
        Assert.Equal("PART-0002", Assert.Throws<CorruptImageException>(() =>
            PartitionTable.Read(PartitionedDisk.Gpt(4 * MiB, 512, (PartitionedDisk.Basic, 2048, 100_000, "x")))).Code);
        Assert.Equal("PART-0004", Assert.Throws<CorruptImageException>(() =>
            PartitionTable.Read(PartitionedDisk.Gpt(4 * MiB, 512, (PartitionedDisk.Basic, 2048, 2047, "x")))).Code);
    }

    [Fact]
    public void Dynamic_disks_are_recognised()
    {
        Assert.True(PartitionTable.Read(PartitionedDisk.Mbr(MiB, (0, 0x80, 0x42, 63, 1000))).HasDynamicDisk);
        Assert.True(PartitionTable.Read(PartitionedDisk.Gpt(4 * MiB, 512, (PartitionTypes.LdmContainer, 2048, 4000, ""))).HasDynamicDisk);
    }

    [Fact]
    public void Volume_without_a_table_and_empty_disks_have_none()
    {
        var volume = new MemoryDevice(MiB);
        volume.Write(3, "NTFS    "u8);
        volume.Write(510, [0x55, 0xAA]);

        Assert.Equal(PartitionScheme.None, PartitionTable.Read(volume).Scheme);
        Assert.Equal(PartitionScheme.None, PartitionTable.Read(new MemoryDevice(MiB)).Scheme);
        Assert.Equal(PartitionScheme.None, PartitionTable.Read(new MemoryDevice(0)).Scheme);
    }

    [Fact]
    public void MBR_of_a_disk_with_large_sectors()
    {
        var disk = PartitionedDisk.Mbr(100 * MiB, (0, 0x80, 0x07, 256, 2048));
        PartitionedDisk.WriteBootRecord(disk, 256 * 4096);

        var table = PartitionTable.Read(disk);
        Assert.Equal((4096, MiB, 8 * MiB), (table.SectorSize, table.Partitions[0].Offset, table.Partitions[0].Length));
    }

    [Fact]
    [Trait("tier", "fuzz")]
    public void Every_flipped_bit_of_the_tables_ends_in_an_answer_or_a_typed_error()
    {
        foreach (var (start, length) in new[] { (0, 512), (512, 92), (1024, 256) })
        {
            for (var offset = start; offset < start + length; offset++)
            {
                for (var bit = 0; bit < 8; bit++)
                {
                    var disk = SmallGpt();
                    Flip(disk, offset, bit);
                    TryRead(disk);
                }
            }
        }

        var logical = PartitionedDisk.Mbr(MiB, (0, 0x80, 0x07, 100, 100), (1, 0, 0x0F, 300, 900));
        PartitionedDisk.WriteBootRecord(logical, 300L * 512, (0, 0, 0x07, 10, 100), (1, 0, 0x05, 200, 200));
        PartitionedDisk.WriteBootRecord(logical, 500L * 512, (0, 0, 0x83, 10, 100));
        foreach (var start in new[] { 0, 300 * 512, 500 * 512 })
        {
            for (var offset = start + 440; offset < start + 512; offset++)
            {
                for (var bit = 0; bit < 8; bit++)
                {
                    Flip(logical, offset, bit);
                    TryRead(logical);
                    Flip(logical, offset, bit);
                }
            }
        }
    }

    [Fact]
    [Trait("tier", "fuzz")]
    public void Every_truncation_ends_in_an_answer_or_a_typed_error()
    {
        var disk = SmallGpt();
        for (var length = disk.Length; length > 0; length -= length > 40_000 ? 40_000 : 512)
        {
            disk.SetLength(length);
            TryRead(disk);
        }
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("tier", "oracle")]
    public void Tables_by_xorriso_read_as_sleuthkit_reads_them(bool gpt)
    {
        Oracle.Require("xorriso", "mmls");
        using var scratch = new ScratchFolder();
        Directory.CreateDirectory(scratch["files"]);
        File.WriteAllText(scratch["files/a.txt"], "a");
        File.WriteAllBytes(scratch["part"], new byte[3_000_000]);
        string[] arguments = ["-as", "mkisofs", "-o", scratch["disk"], "-append_partition", "2", "0xef", scratch["part"],
            "-append_partition", "3", "0x07", scratch["part"]];
        Oracle.Run("xorriso", [.. arguments, .. gpt ? ["-appended_part_as_gpt"] : Array.Empty<string>(), "-V", "TEST", scratch["files"]])
            .MustSucceed();

        var table = PartitionTable.Read(new MemoryDevice(File.ReadAllBytes(scratch["disk"])));
        var theirs = MmlsPartition().Matches(Oracle.Run("mmls", scratch["disk"]).MustSucceed().Output)
            .Select(m => (Offset: long.Parse(m.Groups["start"].Value, CultureInfo.InvariantCulture) * 512,
                Length: long.Parse(m.Groups["count"].Value, CultureInfo.InvariantCulture) * 512))
            .Where(p => p.Offset != 0);

        Assert.Equal(gpt ? PartitionScheme.Gpt : PartitionScheme.Mbr, table.Scheme);
        Assert.Equal(theirs, table.Partitions.Select(p => (p.Offset, p.Length)));
    }


    private static Regex MmlsPartition() =>
        new(@"^\d+:\s+(?:\d+:)?\d+\s+(?<start>\d+)\s+\d+\s+(?<count>\d+)", RegexOptions.Multiline | RegexOptions.CultureInvariant,
            TimeSpan.FromSeconds(1));

    private static (int, long, long, Guid, string) Facts(Partition p) => (p.Number, p.Offset, p.Length, p.TypeGuid, p.Name);

    private static MemoryDevice SmallGpt() =>
        PartitionedDisk.Gpt(4 * MiB, 512, (PartitionedDisk.Esp, 64, 127, "ESP"), (PartitionedDisk.Basic, 2048, 4095, "C"));

    private static void Flip(MemoryDevice disk, long offset, int bit = 0)
    {
        Span<byte> value = stackalloc byte[1];
        disk.Read(offset, value);
        value[0] ^= (byte)(1 << bit);
        disk.Write(offset, value);
    }

    private static void TryRead(BlockDevice disk)
    {
        try
        {
            foreach (var partition in PartitionTable.Read(disk).Partitions)
            {
                Assert.InRange(partition.Offset, 1, disk.Length);
                Assert.InRange(partition.Length, 1, disk.Length - partition.Offset);
            }
        }
        catch (CorruptImageException)
        {
            // The answer that a damaged table asks for.
        }
    }
}
