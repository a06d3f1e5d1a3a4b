using System.IO.Hashing;
using System.Text;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Partitions;

/// <summary>
/// Adds a partition to a GPT, in both copies. The other slots stay as they are, and keep their order: some firmware names boot entries by
/// slot.
/// </summary>
public static class GptPartitionWriter
{
    private const int NameUnits = 36;

    /// <summary>Writes a new entry into the first free slot after those in use.</summary>
    /// <param name="disk">The disk; writes go through it.</param>
    /// <param name="table">Its partition table, as <see cref="PartitionTable.Read"/> gave it.</param>
    /// <param name="partition">The partition. Its number is ignored.</param>
    /// <returns>The partition with its number.</returns>
    /// <exception cref="RefusedException">
    /// The disk has no GPT (<c>PART-0013</c>), the GPT is damaged (<c>PART-0009</c>), or the range is not free (<c>PART-0012</c>). Nothing
    /// was written.
    /// </exception>
    public static Partition Add(BlockDevice disk, PartitionTable table, Partition partition)
    {
        if (table.Scheme != PartitionScheme.Gpt)
        {
            throw PartitionError.NoGptToAddTo();
        }

        GptGrowth.Check(table);
        var primary = table.Primary!;
        var backup = table.Backup!;
        var first = (ulong)(partition.Offset / table.SectorSize);
        var last = (ulong)((partition.Offset + partition.Length) / table.SectorSize) - 1;
        var isFree = partition.Offset % table.SectorSize == 0 && partition.Length > 0 && partition.Length % table.SectorSize == 0
            && first >= primary.FirstUsableLba && last <= primary.LastUsableLba
            && table.Partitions.All(p => p.Offset + p.Length <= partition.Offset || p.Offset >= partition.Offset + partition.Length)
            // what a hybrid MBR lists in addition to the GPT has an owner, too
            && PartitionRange.HybridEntries(disk).All(e => (ulong)e.FirstSector + e.SectorCount <= first || e.FirstSector > last);
        var slot = 1 + (table.Partitions.Count == 0 ? -1 : table.Partitions.Max(p => p.Number) - 1);
        if (!isFree || slot >= primary.Entries.Length / primary.EntrySize)
        {
            throw PartitionError.NotFree(partition.Offset, partition.Length);
        }

        foreach (var copy in new[] { backup, primary })
        {
            Put(copy.Entries.AsSpan(slot * copy.EntrySize, copy.EntrySize), partition, first, last);
            copy.Sign();
            copy.WriteTo(disk, table.SectorSize);
        }

        return partition with { Number = slot + 1 };
    }

    /// <summary>Fills an entry.</summary>
    internal static void Put(Span<byte> entry, Partition partition, ulong first, ulong last)
    {
        entry.Clear();
        partition.TypeGuid.TryWriteBytes(entry[GptHeader.Layout.EntryType..]);
        partition.UniqueGuid.TryWriteBytes(entry[GptHeader.Layout.EntryUnique..]);
        LittleEndian.PutU64(entry, GptHeader.Layout.EntryFirst, first);
        LittleEndian.PutU64(entry, GptHeader.Layout.EntryLast, last);
        LittleEndian.PutU64(entry, GptHeader.Layout.EntryAttributes, partition.Attributes);
        var name = partition.Name.Length > NameUnits ? partition.Name[..NameUnits] : partition.Name;
        Encoding.Unicode.GetBytes(name, entry[GptHeader.Layout.EntryName..]);
    }
}
