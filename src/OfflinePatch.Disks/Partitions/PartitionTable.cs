using OfflinePatch.Core;

namespace OfflinePatch.Disks.Partitions;

/// <summary>The partitions of a disk, as its GPT or MBR lists them.</summary>
public sealed class PartitionTable
{
    private PartitionTable(PartitionScheme scheme, int sectorSize, List<Partition> partitions, List<string> notes)
    {
        Scheme = scheme;
        SectorSize = sectorSize;
        Partitions = partitions;
        Notes = notes;
    }

    /// <summary>GPT, MBR, or none.</summary>
    public PartitionScheme Scheme { get; }

    /// <summary>Bytes per sector that the table counts in: 512 or 4096.</summary>
    public int SectorSize { get; }

    /// <summary>GPT disk GUID; <see cref="Guid.Empty"/> on an MBR disk.</summary>
    public Guid DiskGuid { get; private init; }

    /// <summary>Disk signature of the MBR, the protective one too; 0 without an MBR.</summary>
    public uint MbrSignature { get; private init; }

    /// <summary>The partitions, in slot order. All lie inside the disk, none overlaps another.</summary>
    public IReadOnlyList<Partition> Partitions { get; }

    /// <summary>What a person should know about the table: a damaged copy, an ignored entry. Full clauses without a full stop.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Whether a partition belongs to a Windows dynamic disk (LDM), whose volumes the table does not describe.</summary>
    public bool HasDynamicDisk => Partitions.Any(p =>
        p.MbrType == PartitionTypes.MbrLdm || p.TypeGuid == PartitionTypes.LdmMetadata || p.TypeGuid == PartitionTypes.LdmContainer);

    /// <summary>Reads the partition table of <paramref name="disk"/>, in its own sector size or, where that shows none, in the other one.</summary>
    /// <exception cref="CorruptImageException">
    /// Both GPT copies are damaged (<c>PART-0001</c>), a partition leaves the disk (<c>PART-0002</c>), two overlap (<c>PART-0003</c>), or the chain of
    /// logical partitions is damaged (<c>PART-0005</c>, <c>PART-0006</c>).
    /// </exception>
    public static PartitionTable Read(BlockDevice disk)
    {
        var ownSize = disk.SectorSize == 4096 ? 4096 : 512;
        var otherSize = ownSize == 512 ? 4096 : 512;
        if (disk.Length < ownSize)
        {
            return new PartitionTable(PartitionScheme.None, ownSize, [], []);
        }

        Span<byte> sector = stackalloc byte[MasterBootRecord.Layout.Size];
        disk.Read(0, sector);
        var hasMbr = MasterBootRecord.TryCreate(sector, out var record) && !record.IsVolumeBootSector && HasLegalEntries(record);
        var isProtective = hasMbr && HasType(record, PartitionTypes.MbrProtective);
        var signature = hasMbr ? record.DiskSignature : 0;
        var sectorSize = GptReader.HasSignature(disk, ownSize) || !GptReader.HasSignature(disk, otherSize) ? ownSize : otherSize;
        var hasGptSignature = GptReader.HasSignature(disk, sectorSize);
        var notes = new List<string>();

        // A real MBR wins over a GPT left behind by an earlier use of the disk; without any MBR the GPT is all there is.
        if (isProtective || (!hasMbr && hasGptSignature))
        {
            if (!isProtective)
            {
                notes.Add("the protective MBR is missing or damaged");
            }
            else if (HasOtherType(record))
            {
                notes.Add("the MBR is a hybrid: it lists partitions beside the protective entry, which were ignored");
            }

            var gpt = new GptReader(disk, sectorSize, notes);
            if (gpt.TryRead(out var partitions, out var failure))
            {
                CheckOverlaps(partitions);
                return new PartitionTable(PartitionScheme.Gpt, sectorSize, partitions, notes) { DiskGuid = gpt.DiskGuid, MbrSignature = signature };
            }

            if (isProtective)
            {
                throw failure!;
            }

            // A boot sector of a volume, or noise, that happens to hold a GPT signature somewhere.
            notes.Clear();
            if (!MasterBootRecord.TryCreate(sector, out _))
            {
                throw failure!;
            }
        }

        if (!hasMbr)
        {
            return new PartitionTable(PartitionScheme.None, ownSize, [], notes);
        }

        if (hasGptSignature)
        {
            notes.Add("a GPT of an earlier use of the disk was ignored: the MBR has no protective entry");
        }

        sectorSize = ChooseMbrSectorSize(disk, record, ownSize, otherSize);
        var found = new MbrReader(disk, sectorSize, notes).Read(sector);
        CheckOverlaps(found);
        if (found.Count(p => p.IsActive) > 1)
        {
            notes.Add("more than one MBR partition is active");
        }

        return new PartitionTable(PartitionScheme.Mbr, sectorSize, found, notes) { MbrSignature = signature };
    }

    private static bool HasLegalEntries(MasterBootRecord record)
    {
        for (var slot = 0; slot < MasterBootRecord.EntryCount; slot++)
        {
            if (!record.Entry(slot).HasLegalStatus)
            {
                return false;
            }
        }

        return true;
    }

    private static bool HasType(MasterBootRecord record, byte type)
    {
        for (var slot = 0; slot < MasterBootRecord.EntryCount; slot++)
        {
            if (record.Entry(slot).Type == type)
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasOtherType(MasterBootRecord record)
    {
        for (var slot = 0; slot < MasterBootRecord.EntryCount; slot++)
        {
            if (record.Entry(slot).Type is not (0 or PartitionTypes.MbrProtective))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// An MBR does not say how long its sectors are. The device's own size counts, unless no partition starts with a boot sector in it
    /// and one does in the other size.
    /// </summary>
    private static int ChooseMbrSectorSize(BlockDevice disk, MasterBootRecord record, int ownSize, int otherSize) =>
        CountBootSectors(disk, record, ownSize) == 0 && CountBootSectors(disk, record, otherSize) > 0 ? otherSize : ownSize;

    private static int CountBootSectors(BlockDevice disk, MasterBootRecord record, int sectorSize)
    {
        Span<byte> boot = stackalloc byte[MasterBootRecord.Layout.Size];
        var count = 0;
        for (var slot = 0; slot < MasterBootRecord.EntryCount; slot++)
        {
            var entry = record.Entry(slot);
            var offset = (long)entry.FirstSector * sectorSize;
            if (!entry.IsUsed || offset == 0 || offset > disk.Length - boot.Length)
            {
                continue;
            }

            disk.Read(offset, boot);
            if (MasterBootRecord.TryCreate(boot, out _))
            {
                count++;
            }
        }

        return count;
    }

    private static void CheckOverlaps(List<Partition> partitions)
    {
        var sorted = partitions.OrderBy(p => p.Offset).ToList();
        for (var i = 1; i < sorted.Count; i++)
        {
            if (sorted[i].Offset < sorted[i - 1].Offset + sorted[i - 1].Length)
            {
                throw PartitionError.Overlap(sorted[i].Number, sorted[i - 1].Number, sorted[i].Offset);
            }
        }
    }
}
