using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Partitions;

/// <summary>A GPT in the place of an MBR: what is refused, and what sgdisk reads afterwards.</summary>
public sealed class MbrToGptTests
{
    private const long MiB = 1 << 20;
    private static readonly Guid Disk = new("00112233-4455-8677-8899-aabbccddeeff");

    /// <summary>Entries as slot, type, first sector, sectors; and a word of the refusal, or null.</summary>
    public static TheoryData<string, string?> Tables => new()
    {
        { "0:07:2048:2048", null },
        { "0:07:63:2048 1:0C:4096:2048 2:27:8192:2048", null },
        { "2:07:34:100", null },
        { "0:07:33:100", "where the GPT would be" },
        { "0:07:2048:2048 1:83:4096:2048", "type 0x83" },
        { "0:07:2048:2048 1:17:4096:2048", "type 0x17" },
        { "0:07:2048:2048 1:42:4096:2048", "type 0x42" },
        { "0:07:2048:2048 1:05:4096:2048", "extended" },
        { "0:07:2048:2048 3:0F:4096:2048", "extended" },
        { "0:07:2048:2048 1:07:0:2048", "describes no partition" },
        { "0:07:2048:2048 1:07:8192:0", "describes no partition" },
        { "0:07:2048:64 1:07:4096:64 2:07:6144:64 3:07:8192:64", "4 primary partitions" },
    };

    [Theory]
    [MemberData(nameof(Tables))]
    public void What_is_not_understood_is_refused(string entries, string? refusal)
    {
        var disk = PartitionedDisk.Mbr(16 * MiB, [.. entries.Split(' ').Select(e => e.Split(':')).Select(e => (
            int.Parse(e[0], null), (byte)0, Convert.ToByte(e[1], 16), uint.Parse(e[2], null), uint.Parse(e[3], null)))]);
        var why = MbrToGpt.WhyNot(disk, PartitionTable.Read(disk));
        if (refusal is null)
        {
            Assert.Null(why);
        }
        else
        {
            Assert.Contains(refusal, why, StringComparison.Ordinal);
        }
    }

    /// <summary>What a boot manager, a disk encryption or a licence record keeps behind the MBR is named by its sector.</summary>
    [Theory]
    [InlineData(512, 1)]
    [InlineData(512, 32)]
    [InlineData(512, 33)]
    [InlineData(512, 34)] // the first that a partition may use
    [InlineData(4096, 1)]
    [InlineData(4096, 5)]
    [InlineData(4096, 6)]
    public void A_sector_behind_the_MBR_that_is_in_use_is_named(int sectorSize, int sector)
    {
        var disk = PartitionedDisk.Mbr(64 * MiB, (0, 0x80, 0x07, 4096, 4096));
        var sized = new SizedDevice(disk, sectorSize);
        var table = PartitionTable.Read(sized);
        Assert.Equal(sectorSize, table.SectorSize);
        Assert.Null(MbrToGpt.FindUsedSector(sized, table));
        disk.Write(((sector + 1) * (long)sectorSize) - 1, [1]);
        Assert.Equal(sector < MbrToGpt.ReservedAtStart(sectorSize) / sectorSize ? sector : null,
            MbrToGpt.FindUsedSector(sized, table));
    }

    /// <summary>A GPT that an MBR replaced starts nothing, as long as its checksums say that it is one.</summary>
    [Fact]
    public void An_old_GPT_behind_the_MBR_counts_as_empty()
    {
        var disk = PartitionedDisk.Gpt(64 * MiB, 512, (PartitionedDisk.Basic, 2048, 4095, "old"));
        PartitionedDisk.WriteBootRecord(disk, 0, (0, 0x80, 0x07, 2048, 4096));
        var table = PartitionTable.Read(disk);
        Assert.Equal(PartitionScheme.Mbr, table.Scheme);
        Assert.Null(MbrToGpt.FindUsedSector(disk, table));
        disk.Write((2 * 512) + 1, [9]); // no longer the table of its header
        Assert.Equal(1, MbrToGpt.FindUsedSector(disk, table));
    }

    [SkippableTheory]
    [Trait("tier", "oracle")]
    [InlineData(512)]
    [InlineData(4096)]
    public void Independent_readers_see_the_same_partitions(int sectorSize)
    {
        Oracle.Require("sgdisk");
        using var scratch = new ScratchFolder();
        var unit = (uint)(sectorSize / 512);
        var disk = PartitionedDisk.Mbr(64 * MiB,
            (0, 0x80, 0x07, 2048 / unit, 4096 / unit), (2, 0, 0x07, 32768 / unit, 16384 / unit), (1, 0, 0x27, 16384 / unit, 8192 / unit));
        disk.Write(0, [0xFA, 0xF4]); // boot code
        var sized = new SizedDevice(disk, sectorSize);
        var table = PartitionTable.Read(sized);
        Assert.Equal(sectorSize, table.SectorSize);
        Assert.Null(MbrToGpt.WhyNot(sized, table));
        var kept = table.Partitions.Select(p => MbrToGpt.Convert(p, new Guid(p.Number, 0, 0, new byte[8]), hasLetter: p.Number == 3))
            .ToList();
        MbrToGpt.Write(sized, sectorSize, Disk, kept);

        var read = PartitionTable.Read(sized);
        Assert.Equal(PartitionScheme.Gpt, read.Scheme);
        Assert.Empty(read.Notes);
        Assert.True(read.IsVisibleToFirmware);
        Assert.Equal(kept, read.Partitions);
        Assert.Equal(0u, read.MbrSignature);
        var start = new byte[2];
        disk.Read(0, start);
        Assert.Equal([0xFA, 0xF4], start);

        if (sectorSize != 512)
        {
            return; // sgdisk takes the size of sectors from the device, and a file has 512
        }

        var image = new byte[disk.Length];
        disk.Read(0, image);
        File.WriteAllBytes(scratch["disk.raw"], image);
        var verdict = Oracle.Run("sgdisk", "-v", scratch["disk.raw"]).MustSucceed().Output;
        Assert.Contains("No problems found", verdict, StringComparison.Ordinal);
        var info = Oracle.Run("sgdisk", "-i", "2", scratch["disk.raw"]).MustSucceed().Output;
        Assert.Contains("DE94BBA4-06D1-4D40-A16A-BFD50179D6AC", info, StringComparison.Ordinal); // Windows recovery
        Assert.Contains("First sector: 16384", info, StringComparison.Ordinal);
        Assert.Contains("Last sector: 24575", info, StringComparison.Ordinal);
        Assert.Contains("Attribute flags: 8000000000000001", info, StringComparison.Ordinal);
        Assert.Contains("Attribute flags: 8000000000000000", Oracle.Run("sgdisk", "-i", "1", scratch["disk.raw"]).Output,
            StringComparison.Ordinal);
        Assert.Contains("Attribute flags: 0000000000000000", Oracle.Run("sgdisk", "-i", "3", scratch["disk.raw"]).Output,
            StringComparison.Ordinal);
        Assert.Contains(Disk.ToString("D"), Oracle.Run("sgdisk", "-p", scratch["disk.raw"]).Output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_partition_in_the_place_of_a_copy_is_refused_before_anything_is_written()
    {
        var disk = PartitionedDisk.Mbr(16 * MiB, (0, 0x80, 0x07, 2048, 32768 - 2048 - 32));
        var before = new byte[disk.Length];
        disk.Read(0, before);
        var kept = MbrToGpt.Convert(PartitionTable.Read(disk).Partitions[0], Guid.NewGuid(), hasLetter: true);
        Assert.Equal("PART-0017", Assert.Throws<RefusedException>(() => MbrToGpt.Write(disk, 512, Disk, [kept])).Code);
        Assert.Equal("PART-0017", Assert.Throws<RefusedException>(() => MbrToGpt.Write(disk, 512, Disk,
            [kept with { Length = 4 * MiB }, kept with { Number = 2, Length = 8 * MiB, Offset = 2 * MiB }])).Code);
        var after = new byte[disk.Length];
        disk.Read(0, after);
        Assert.Equal(before, after);
        MbrToGpt.Write(disk, 512, Disk, [kept with { Length = kept.Length - 512 }]); // 33 sectors are enough
        Assert.Equal(PartitionScheme.Gpt, PartitionTable.Read(disk).Scheme);
    }

    /// <summary>A device that says another size of its sectors.</summary>
    private sealed class SizedDevice(BlockDevice inner, int sectorSize) : BlockDevice
    {
        public override long Length => inner.Length;

        public override int SectorSize => sectorSize;

        public override bool CanWrite => true;

        public override void Read(long offset, Span<byte> buffer) => inner.Read(offset, buffer);

        public override void Write(long offset, ReadOnlySpan<byte> buffer) => inner.Write(offset, buffer);

        public override void Flush() => inner.Flush();
    }
}
