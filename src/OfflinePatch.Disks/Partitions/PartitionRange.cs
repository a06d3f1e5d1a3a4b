using System.IO.Hashing;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Partitions;

/// <summary>
/// Gives a partition another place or length. Its number, type, identity, name and attributes stay, and so does everything of the other
/// partitions; the data are the caller's. A GPT changes in both copies. In an MBR only primary partitions change.
/// </summary>
public static class PartitionRange
{
    // Source: UEFI 2.10 §5.2.1; the geometry that Windows and every BIOS of today assume.
    private const int Heads = 255;
    private const int SectorsPerTrack = 63;
    private const int MaxCylinder = 1023;

    /// <summary>
    /// The end of the unallocated space that follows a partition, in bytes of the disk, on a disk of <paramref name="diskLength"/> bytes:
    /// where the next partition begins, or the last place that the table can name. The end of the partition where nothing follows.
    /// </summary>
    /// <param name="disk">The disk.</param>
    /// <param name="table">Its partition table.</param>
    /// <param name="partition">A partition of the table.</param>
    /// <param name="diskLength">Bytes of the disk, now or after a growth.</param>
    /// <returns>A multiple of the sector size of the table.</returns>
    public static long FreeEnd(BlockDevice disk, PartitionTable table, Partition partition, long diskLength)
    {
        var end = partition.Offset + partition.Length;
        var limit = diskLength / table.SectorSize * table.SectorSize;
        if (table.Primary is { } gpt)
        {
            var tableSectors = (gpt.Entries.Length + table.SectorSize - 1) / table.SectorSize;
            limit = diskLength == disk.Length && !GptGrowth.IsBehindEnd(disk, table)
                ? ((long)gpt.LastUsableLba + 1) * table.SectorSize
                : limit - ((1L + tableSectors) * table.SectorSize);
        }
        else
        {
            limit = Math.Min(limit, (1L << 32) * table.SectorSize);
            limit = ExtendedStarts(disk, table.SectorSize).Where(s => s >= end).Append(limit).Min();
        }

        limit = table.Partitions.Where(p => p.Offset >= end).Select(p => p.Offset).Append(limit).Min();
        return Math.Max(end, limit);
    }

    /// <summary>Refuses a disk whose entries of partitions are not changed.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="table">Its partition table.</param>
    /// <param name="partition">A partition of the table.</param>
    /// <exception cref="RefusedException">The GPT is damaged (<c>PART-0009</c>), the disk is dynamic (<c>PART-0011</c>), the partition is
    /// a logical one (<c>PART-0014</c>), or the MBR names partitions of the GPT, too (<c>PART-0015</c>).</exception>
    public static void Check(BlockDevice disk, PartitionTable table, Partition partition)
    {
        if (table.HasDynamicDisk)
        {
            throw PartitionError.DynamicDisk();
        }

        if (partition.IsLogical || table.Scheme == PartitionScheme.None)
        {
            throw PartitionError.Logical(partition.Number);
        }

        if (table.Scheme == PartitionScheme.Gpt)
        {
            GptGrowth.Check(table);
            if (HybridEntries(disk).Count > 0)
            {
                throw PartitionError.Hybrid();
            }
        }
    }

    /// <summary>What the MBR of a GPT disk lists in addition to the protective entry.</summary>
    internal static IReadOnlyList<MbrEntry> HybridEntries(BlockDevice disk) =>
        Array.FindAll(Slots(disk), e => e.IsPartition);

    /// <summary>Writes the new range into the table.</summary>
    /// <param name="disk">The disk; writes go through it.</param>
    /// <param name="table">Its partition table, as <see cref="PartitionTable.Read"/> gave it. Read it again afterwards.</param>
    /// <param name="partition">A partition of the table.</param>
    /// <param name="offset">First byte; a multiple of the sector size of the table.</param>
    /// <param name="length">Bytes; a multiple of the sector size of the table, at least one sector.</param>
    /// <exception cref="RefusedException">As <see cref="Check"/>; or <c>PART-0016</c>: the range is not free, or the table cannot name it
    /// (an MBR ends at 2³² sectors). Nothing was written.</exception>
    public static Partition Set(BlockDevice disk, PartitionTable table, Partition partition, long offset, long length)
    {
        Check(disk, table, partition);
        var first = offset / table.SectorSize;
        var count = length / table.SectorSize;
        var isFree = offset % table.SectorSize == 0 && length % table.SectorSize == 0 && count > 0 && offset > 0
            && offset <= disk.Length - length
            && table.Partitions.All(p => p.Number == partition.Number || p.Offset + p.Length <= offset || p.Offset >= offset + length);
        isFree &= table.Primary is { } gpt
            ? first >= (long)gpt.FirstUsableLba && first + count - 1 <= (long)gpt.LastUsableLba
            : first + count <= 1L << 32 && ExtendedStarts(disk, table.SectorSize).All(s => s < offset || s >= offset + length);
        if (!isFree)
        {
            throw PartitionError.RangeNotFree(partition.Number, offset, length);
        }

        if (table.Scheme == PartitionScheme.Gpt)
        {
            SetGpt(disk, table, partition.Number - 1, (ulong)first, (ulong)(first + count - 1));
        }
        else
        {
            SetMbr(disk, partition, first, count, first != partition.Offset / table.SectorSize);
        }

        return partition with { Offset = offset, Length = length };
    }

    private static void SetGpt(BlockDevice disk, PartitionTable table, int slot, ulong first, ulong last)
    {
        foreach (var copy in new[] { table.Backup!, table.Primary! })
        {
            var entry = copy.Entries.AsSpan(slot * copy.EntrySize, copy.EntrySize);
            LittleEndian.PutU64(entry, GptHeader.Layout.EntryFirst, first);
            LittleEndian.PutU64(entry, GptHeader.Layout.EntryLast, last);
            copy.Sign();
            copy.WriteTo(disk, table.SectorSize);
        }
    }

    private static void SetMbr(BlockDevice disk, Partition partition, long first, long count, bool isMoved)
    {
        var place = MasterBootRecord.Layout.Entries + ((partition.Number - 1) * MasterBootRecord.Layout.EntrySize);
        var entry = new byte[MasterBootRecord.Layout.EntrySize];
        disk.Read(place, entry);
        LittleEndian.PutU32(entry, MasterBootRecord.Layout.EntryFirstSector, (uint)first);
        LittleEndian.PutU32(entry, MasterBootRecord.Layout.EntrySectorCount, (uint)count);
        if (isMoved)
        {
            PutChs(entry.AsSpan(MasterBootRecord.Layout.EntryFirstChs), first);
        }

        PutChs(entry.AsSpan(MasterBootRecord.Layout.EntryLastChs), first + count - 1);
        disk.Write(place, entry);
    }

    /// <summary>Cylinder, head and sector of a sector; FE FF FF where they cannot say it, as Windows writes it.</summary>
    private static void PutChs(Span<byte> chs, long sector)
    {
        var cylinder = sector / (Heads * SectorsPerTrack);
        if (cylinder > MaxCylinder)
        {
            chs[0] = 0xFE;
            chs[1] = chs[2] = 0xFF;
            return;
        }

        chs[0] = (byte)(sector / SectorsPerTrack % Heads);
        chs[1] = (byte)((sector % SectorsPerTrack) + 1 + ((cylinder >> 8) << 6));
        chs[2] = (byte)(cylinder & 0xFF);
    }

    private static List<long> ExtendedStarts(BlockDevice disk, int sectorSize) =>
        [.. Slots(disk).Where(e => PartitionTypes.IsExtended(e.Type)).Select(e => (long)e.FirstSector * sectorSize)];

    private static MbrEntry[] Slots(BlockDevice disk)
    {
        Span<byte> sector = stackalloc byte[MasterBootRecord.Layout.Size];
        disk.Read(0, sector);
        return MasterBootRecord.WithoutSignature(sector).Slots;
    }
}
