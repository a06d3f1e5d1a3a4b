using System.IO.Hashing;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Partitions;

/// <summary>
/// Puts a GPT in the place of an MBR: the partitions stay where they are, with the numbers that they have. Sources: UEFI 2.10 §5.2.3 and
/// §5.3 (layout of both copies, protective MBR); learn.microsoft.com, "MBR2GPT.EXE" (which disks, which types).
/// </summary>
public static class MbrToGpt
{
    // What every tool writes, and the minimum that UEFI 2.10 §5.3.1 allows: 16,384 bytes for the table.
    private const int EntryCount = 128;
    private const uint Revision = 0x00010000;
    private const int MaxPrimaryPartitions = 3; // mbr2gpt's own limit
    private const ulong Required = 0x0000000000000001; // GPT_ATTRIBUTE_PLATFORM_REQUIRED

    /// <summary>Bytes at the start of a disk that no partition may use: protective MBR, header, table.</summary>
    /// <param name="sectorSize">Bytes of a sector.</param>
    public static long ReservedAtStart(int sectorSize) => ReservedAtEnd(sectorSize) + sectorSize;

    /// <summary>Bytes at the end of a disk that no partition may use: table, header.</summary>
    /// <param name="sectorSize">Bytes of a sector.</param>
    public static long ReservedAtEnd(int sectorSize) => (EntryCount * GptHeader.Layout.EntryMinimum) + sectorSize;

    /// <summary>
    /// Why the table of a disk cannot become a GPT, as a clause without a full stop; null when it can. That its end is free is not checked
    /// here: a disk can be made larger. Writes nothing.
    /// </summary>
    /// <param name="disk">The disk.</param>
    /// <param name="table">Its partition table.</param>
    public static string? WhyNot(BlockDevice disk, PartitionTable table)
    {
        if (table.Scheme != PartitionScheme.Mbr)
        {
            return "the disk has no MBR";
        }

        if (table.SectorSize != table.DeviceSectorSize)
        {
            return $"the MBR counts in sectors of {table.SectorSize} bytes, the disk has sectors of {table.DeviceSectorSize}";
        }

        var sector = new byte[MasterBootRecord.Layout.Size];
        disk.Read(0, sector);
        var record = MasterBootRecord.WithoutSignature(sector);
        var used = 0;
        for (var slot = 0; slot < MasterBootRecord.EntryCount; slot++)
        {
            var entry = record.Entry(slot);
            if (!entry.IsUsed)
            {
                continue;
            }

            used++;
            if (PartitionTypes.IsExtended(entry.Type))
            {
                return $"slot {slot + 1} of the MBR is an extended partition, whose logical partitions have no place in a GPT";
            }

            if (table.Partitions.All(p => p.Number != slot + 1))
            {
                return $"slot {slot + 1} of the MBR is used and describes no partition";
            }

            if (TypeOf(entry.Type) is null)
            {
                return $"partition {slot + 1} has MBR type 0x{entry.Type:X2} ({PartitionTypes.NameOf(entry.Type)}), for which it is not "
                    + "known what it is in a GPT";
            }
        }

        return used > MaxPrimaryPartitions ? $"the MBR has {used} primary partitions, and at most {MaxPrimaryPartitions} are converted"
            : table.Partitions.FirstOrDefault(p => p.Offset < ReservedAtStart(table.SectorSize)) is { } early
                ? $"partition {early.Number} starts at byte {early.Offset}, where the GPT would be"
                : null;
    }

    /// <summary>
    /// The first sector after the MBR that a GPT would replace and that is not empty; null when none is. Windows leaves them empty; boot
    /// managers (GRUB's core image), disk encryption and licence records do not. An old GPT whose checksums are right starts nothing, and
    /// counts as empty. Sources: grub, <c>grub-core/setup</c> (core image from sector 1 on, and the products that write there).
    /// </summary>
    /// <param name="disk">The disk.</param>
    /// <param name="table">Its partition table, an MBR.</param>
    public static long? FindUsedSector(BlockDevice disk, PartitionTable table)
    {
        var size = table.SectorSize;
        var old = GptCopy.TryRead(disk, size, 1, out _);
        var oldEnd = old is null ? 0 : (long)old.EntriesLba + ((old.Entries.Length + size - 1) / size);
        var sector = new byte[size];
        for (var number = 1L; number < ReservedAtStart(size) / size && (number + 1) * size <= disk.Length; number++)
        {
            var isOfOldTable = old is not null && (number == 1 || (number >= (long)old.EntriesLba && number < oldEnd));
            disk.Read(number * size, sector);
            if (!isOfOldTable && sector.AsSpan().ContainsAnyExcept((byte)0))
            {
                return number;
            }
        }

        return null;
    }

    /// <summary>What a partition of an MBR is in a GPT: same number, same place; recovery partitions stay hidden.</summary>
    /// <param name="partition">The partition, of a type that <see cref="WhyNot"/> accepts.</param>
    /// <param name="uniqueGuid">Its GUID from now on.</param>
    /// <param name="hasLetter">Whether Windows may give it a drive letter by itself.</param>
    /// <exception cref="ArgumentException">Its type has no counterpart.</exception>
    public static Partition Convert(Partition partition, Guid uniqueGuid, bool hasLetter)
    {
        var type = TypeOf(partition.MbrType) ?? throw new ArgumentException("no counterpart in a GPT", nameof(partition));
        return new Partition
        {
            Number = partition.Number,
            Offset = partition.Offset,
            Length = partition.Length,
            TypeGuid = type,
            UniqueGuid = uniqueGuid,
            Attributes = type == PartitionTypes.WindowsRecovery ? Required | PartitionTypes.NoDriveLetter
                : hasLetter ? 0 : PartitionTypes.NoDriveLetter,
            Name = "Basic data partition",
        };
    }

    /// <summary>
    /// Writes both copies of a GPT and the protective MBR. Boot code of sector 0 stays; the disk signature becomes 0, as UEFI 2.10 table
    /// 5.3 requires it.
    /// </summary>
    /// <param name="disk">The disk; writes go through it.</param>
    /// <param name="sectorSize">Bytes of a sector.</param>
    /// <param name="diskGuid">The GUID of the disk.</param>
    /// <param name="partitions">The partitions; each in the slot of its number.</param>
    /// <exception cref="RefusedException"><c>PART-0017</c>: a partition lies where a copy of the GPT would be, or overlaps another. Nothing
    /// was written.</exception>
    public static void Write(BlockDevice disk, int sectorSize, Guid diskGuid, IReadOnlyList<Partition> partitions)
    {
        var first = ReservedAtStart(sectorSize) / sectorSize;
        var sectors = disk.Length / sectorSize;
        var entriesAtEnd = sectors - (ReservedAtEnd(sectorSize) / sectorSize);
        var entries = new byte[EntryCount * GptHeader.Layout.EntryMinimum];
        foreach (var partition in partitions)
        {
            var start = partition.Offset / sectorSize;
            var end = (partition.Offset + partition.Length) / sectorSize;
            if (partition.Number < 1 || partition.Number > EntryCount || start < first || end > entriesAtEnd
                || partition.Offset % sectorSize != 0 || partition.Length % sectorSize != 0
                || partitions.Any(p => p != partition && p.Offset < partition.Offset + partition.Length
                    && partition.Offset < p.Offset + p.Length))
            {
                throw PartitionError.NoRoomForGpt(partition.Number, partition.Offset, partition.Length);
            }

            GptPartitionWriter.Put(
                entries.AsSpan((partition.Number - 1) * GptHeader.Layout.EntryMinimum, GptHeader.Layout.EntryMinimum), partition,
                (ulong)start, (ulong)end - 1);
        }

        Copy(sectors - 1, 1, entriesAtEnd).WriteTo(disk, sectorSize);
        Copy(1, sectors - 1, 2).WriteTo(disk, sectorSize);

        var sector = new byte[MasterBootRecord.Layout.Size];
        disk.Read(0, sector);
        sector.AsSpan(MasterBootRecord.Layout.DiskSignature, MasterBootRecord.Layout.BootSignature - MasterBootRecord.Layout.DiskSignature)
            .Clear();
        ProtectiveMbrWriter.SetEntry(sector.AsSpan(MasterBootRecord.Layout.Entries), sectors - 1);
        LittleEndian.PutU16(sector, MasterBootRecord.Layout.BootSignature, MasterBootRecord.Layout.BootSignatureValue);
        disk.Write(0, sector);

        GptCopy Copy(long own, long other, long table)
        {
            var header = new byte[sectorSize];
            GptHeader.Layout.SignatureValue.CopyTo(header);
            LittleEndian.PutU32(header, GptHeader.Layout.Revision, Revision);
            LittleEndian.PutU32(header, GptHeader.Layout.HeaderSize, GptHeader.Layout.Size);
            LittleEndian.PutU64(header, GptHeader.Layout.MyLba, (ulong)own);
            LittleEndian.PutU64(header, GptHeader.Layout.AlternateLba, (ulong)other);
            LittleEndian.PutU64(header, GptHeader.Layout.FirstUsableLba, (ulong)first);
            LittleEndian.PutU64(header, GptHeader.Layout.LastUsableLba, (ulong)entriesAtEnd - 1);
            diskGuid.TryWriteBytes(header.AsSpan(GptHeader.Layout.DiskGuid));
            LittleEndian.PutU64(header, GptHeader.Layout.EntriesLba, (ulong)table);
            LittleEndian.PutU32(header, GptHeader.Layout.EntryCount, EntryCount);
            LittleEndian.PutU32(header, GptHeader.Layout.EntrySize, GptHeader.Layout.EntryMinimum);
            var copy = new GptCopy((ulong)own, header, entries);
            copy.Sign();
            return copy;
        }
    }

    private static Guid? TypeOf(byte type) => type switch
    {
        PartitionTypes.MbrNtfs or 0x01 or 0x04 or 0x06 or 0x0B or 0x0C or 0x0E => PartitionTypes.BasicData,
        PartitionTypes.MbrRecovery => PartitionTypes.WindowsRecovery,
        _ => null,
    };
}
