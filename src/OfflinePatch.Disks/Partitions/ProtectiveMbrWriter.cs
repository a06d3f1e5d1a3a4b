using OfflinePatch.Core;

namespace OfflinePatch.Disks.Partitions;

/// <summary>
/// Writes the protective MBR entry of a GPT disk where it is missing or wrong. Boot code, disk signature and the other slots stay.
/// </summary>
public static class ProtectiveMbrWriter
{
    /// <summary>Why <see cref="Write"/> would refuse this disk; null where it would not. Writes nothing.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="table">Its partition table, as <see cref="PartitionTable.Read"/> gave it.</param>
    public static RefusedException? WhyNot(BlockDevice disk, PartitionTable table)
    {
        if (table.Scheme != PartitionScheme.Gpt)
        {
            return PartitionError.NotGpt();
        }

        var sector = new byte[MasterBootRecord.Layout.Size];
        disk.Read(0, sector);
        return FindSlot(sector, table.Protective) is null ? PartitionError.NoProtectiveSlot(0) : null;
    }

    /// <summary>Makes the entry right. Returns whether anything was written.</summary>
    /// <param name="disk">The disk; writes go through it.</param>
    /// <param name="table">Its partition table, as <see cref="PartitionTable.Read"/> gave it.</param>
    /// <exception cref="RefusedException">
    /// The disk has no GPT (<c>PART-0008</c>), or the slots hold something else (<c>PART-0007</c>). Nothing was written.
    /// </exception>
    public static bool Write(BlockDevice disk, PartitionTable table)
    {
        if (table.Scheme != PartitionScheme.Gpt)
        {
            throw PartitionError.NotGpt();
        }

        var sector = new byte[MasterBootRecord.Layout.Size];
        disk.Read(0, sector);
        var before = sector.ToArray();
        var slot = FindSlot(sector, table.Protective) ?? throw PartitionError.NoProtectiveSlot(0);
        SetEntry(sector.AsSpan(MasterBootRecord.Layout.Entries + (slot * MasterBootRecord.Layout.EntrySize)),
            (disk.Length / table.SectorSize) - 1);
        LittleEndian.PutU16(sector, MasterBootRecord.Layout.BootSignature, MasterBootRecord.Layout.BootSignatureValue);
        if (sector.AsSpan().SequenceEqual(before))
        {
            return false;
        }

        disk.Write(0, sector);
        return true;
    }

    /// <summary>The fields that UEFI 2.10 table 5.4 gives a protective entry; the CHS values are those of LBA 1 and of "beyond".</summary>
    internal static void SetEntry(Span<byte> entry, long sectors)
    {
        entry[MasterBootRecord.Layout.EntryStatus] = 0;
        ReadOnlySpan<byte> firstChs = [0x00, 0x02, 0x00];
        ReadOnlySpan<byte> lastChs = [0xFF, 0xFF, 0xFF];
        firstChs.CopyTo(entry[MasterBootRecord.Layout.EntryFirstChs..]);
        entry[MasterBootRecord.Layout.EntryType] = PartitionTypes.MbrProtective;
        lastChs.CopyTo(entry[MasterBootRecord.Layout.EntryLastChs..]);
        LittleEndian.PutU32(entry, MasterBootRecord.Layout.EntryFirstSector, 1);
        LittleEndian.PutU32(entry, MasterBootRecord.Layout.EntrySectorCount, (uint)Math.Min(sectors, uint.MaxValue));
    }

    /// <summary>
    /// The slot of the entry, else the first slot without a type; null where there is none. Where 55 AA is missing, what the other slots
    /// hold would become partitions by writing it: they must be empty.
    /// </summary>
    private static int? FindSlot(ReadOnlySpan<byte> sector, ProtectiveMbr? present)
    {
        var hasSignature = MasterBootRecord.TryCreate(sector, out _);
        var record = MasterBootRecord.WithoutSignature(sector);
        var chosen = present?.Slot - 1;
        for (var slot = 0; slot < MasterBootRecord.EntryCount; slot++)
        {
            if (!record.Entry(slot).IsUsed)
            {
                chosen ??= slot;
            }
            else if (!hasSignature && slot != chosen)
            {
                return null;
            }
        }

        return chosen;
    }
}
