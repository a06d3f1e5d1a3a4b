using OfflinePatch.Core;

namespace OfflinePatch.Disks.Partitions;

/// <summary>
/// Moves the backup GPT to the end of a disk that was made larger, and frees the new sectors for partitions. No partition changes.
/// </summary>
internal static class GptGrowth
{
    /// <summary>
    /// Refuses a table that must not be written: both copies must be valid and equal, and neither may lie in a partition or in the
    /// other one. A header says itself where its table is.
    /// </summary>
    /// <exception cref="RefusedException"><c>PART-0009</c>.</exception>
    public static void Check(PartitionTable table)
    {
        if (table.Primary is null || table.Backup is null)
        {
            throw PartitionError.GptNotWhole(table.Primary is null ? "its primary copy is damaged" : "its backup copy is damaged");
        }

        if (!table.Primary.Entries.AsSpan().SequenceEqual(table.Backup.Entries) || table.Primary.DiskGuid != table.Backup.DiskGuid)
        {
            throw PartitionError.GptNotWhole("its two copies differ");
        }

        var places = new[] { table.Primary, table.Backup }.SelectMany(c => Places(c, table.SectorSize)).ToList();
        foreach (var (offset, length) in places)
        {
            RequireFree(table, offset, length, $"a copy of it, at byte {offset},");
            if (places.Count(p => p.Offset < offset + length && offset < p.Offset + p.Length) > 1)
            {
                throw PartitionError.GptNotWhole($"two parts of its copies lie at byte {offset}");
            }
        }
    }

    /// <summary>Refuses to put the backup copy at the end of a disk where a partition is.</summary>
    /// <param name="table">Its table, which <see cref="Check"/> has passed.</param>
    /// <param name="length">Bytes of the disk, now or after a growth.</param>
    /// <exception cref="RefusedException"><c>PART-0009</c>.</exception>
    public static void CheckEnd(PartitionTable table, long length)
    {
        var end = length / table.SectorSize * table.SectorSize;
        var bytes = TableBytes(table.Backup!, table.SectorSize) + table.SectorSize;
        RequireFree(table, end - bytes, bytes, "its place at the end of the disk");
    }

    /// <summary>Whether the disk continues after the backup copy: something else made it larger, and did not move the copy.</summary>
    public static bool IsBehindEnd(BlockDevice disk, PartitionTable table) =>
        table.Backup is { } backup && (long)backup.Lba < (disk.Length / table.SectorSize) - 1;

    /// <summary>
    /// Writes both headers, the backup table, and the length of the protective entry where it covered the whole old disk.
    /// </summary>
    /// <param name="disk">The disk, with its new length.</param>
    /// <param name="table">Its table, which <see cref="Check"/> has passed, as it was read before.</param>
    /// <param name="oldLength">Bytes of the disk before.</param>
    public static void MoveBackup(BlockDevice disk, PartitionTable table, long oldLength)
    {
        var sectorSize = table.SectorSize;
        var primary = table.Primary!;
        var backup = table.Backup!;
        var sectors = disk.Length / sectorSize;
        var tableSectors = (backup.Entries.Length + sectorSize - 1) / sectorSize;
        var last = (ulong)sectors - 1;
        var entriesLba = last - (ulong)tableSectors;

        // The old copy now lies in free space. A later program must not find it there.
        var zeros = new byte[tableSectors * sectorSize];
        disk.Write((long)backup.EntriesLba * sectorSize, zeros);
        disk.Write((long)backup.Lba * sectorSize, zeros.AsSpan(0, sectorSize));

        var covered = (long)backup.Lba;
        SetHeader(backup, last, 1, entriesLba, entriesLba - 1);
        SetHeader(primary, primary.Lba, last, primary.EntriesLba, entriesLba - 1);
        backup.WriteTo(disk, sectorSize);
        disk.Write((long)primary.Lba * sectorSize, primary.Header);
        if (table.Protective is { } entry
            && (entry.SectorCount == Math.Min((oldLength / sectorSize) - 1, uint.MaxValue) || entry.SectorCount == covered))
        {
            Span<byte> count = stackalloc byte[sizeof(uint)];
            LittleEndian.PutU32(count, 0, (uint)Math.Min(sectors - 1, uint.MaxValue));
            var place = MasterBootRecord.Layout.Entries + ((entry.Slot - 1) * MasterBootRecord.Layout.EntrySize)
                + MasterBootRecord.Layout.EntrySectorCount;
            disk.Write(place, count);
        }
    }

    private static void RequireFree(PartitionTable table, long offset, long length, string what)
    {
        if (table.Partitions.FirstOrDefault(p => p.Offset < offset + length && offset < p.Offset + p.Length) is { } owner)
        {
            throw PartitionError.GptNotWhole($"{what} lies in partition {owner.Number}");
        }
    }

    private static long TableBytes(GptCopy copy, int sectorSize) => (copy.Entries.Length + sectorSize - 1L) / sectorSize * sectorSize;

    private static IEnumerable<(long Offset, long Length)> Places(GptCopy copy, int sectorSize) =>
        [((long)copy.Lba * sectorSize, sectorSize), ((long)copy.EntriesLba * sectorSize, TableBytes(copy, sectorSize))];

    private static void SetHeader(GptCopy copy, ulong lba, ulong alternate, ulong entriesLba, ulong lastUsable)
    {
        LittleEndian.PutU64(copy.Header, GptHeader.Layout.MyLba, lba);
        LittleEndian.PutU64(copy.Header, GptHeader.Layout.AlternateLba, alternate);
        LittleEndian.PutU64(copy.Header, GptHeader.Layout.EntriesLba, entriesLba);
        LittleEndian.PutU64(copy.Header, GptHeader.Layout.LastUsableLba, lastUsable);
        copy.Sign();
    }
}
