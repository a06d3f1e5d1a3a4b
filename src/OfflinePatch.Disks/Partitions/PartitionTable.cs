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

    /// <summary>
    /// Bytes per sector of the disk itself: 512 or 4096. Where <see cref="SectorSize"/> differs, neither firmware nor Windows finds the
    /// partitions.
    /// </summary>
    public int DeviceSectorSize { get; private init; }

    /// <summary>The protective entry of a GPT disk, as it is stored; null where sector 0 has none, and on an MBR disk.</summary>
    public ProtectiveMbr? Protective { get; private init; }

    /// <summary>
    /// Whether UEFI firmware finds the partitions: a GPT in the disk's own sector size, and a protective entry that starts at sector 1, in
    /// any slot, with any status, length and signature. (EDK2's PartitionDxe, and what OVMF listed in QEMU for each of these cases.) For an
    /// MBR disk: that it counts in the disk's own sectors.
    /// </summary>
    public bool IsVisibleToFirmware => SectorSize == DeviceSectorSize
        && (Scheme != PartitionScheme.Gpt || Protective is { FirstSector: 1 });

    /// <summary>The primary copy of the GPT where it is whole.</summary>
    internal GptCopy? Primary { get; private init; }

    /// <summary>The backup copy of the GPT where it is whole.</summary>
    internal GptCopy? Backup { get; private init; }

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

    /// <summary>
    /// Reads the partition table of <paramref name="disk"/>, in its own sector size or, where that shows none, in the other one.
    /// </summary>
    /// <exception cref="CorruptImageException">
    /// Both GPT copies are damaged (<c>PART-0001</c>), a partition leaves the disk (<c>PART-0002</c>), two overlap (<c>PART-0003</c>), or
    /// the chain of logical partitions is damaged (<c>PART-0005</c>, <c>PART-0006</c>).
    /// </exception>
    public static PartitionTable Read(BlockDevice disk)
    {
        var ownSize = disk.SectorSize == 4096 ? 4096 : 512;
        var otherSize = ownSize == 512 ? 4096 : 512;
        if (disk.Length < ownSize)
        {
            return new PartitionTable(PartitionScheme.None, ownSize, [], []) { DeviceSectorSize = ownSize };
        }

        Span<byte> sector = stackalloc byte[MasterBootRecord.Layout.Size];
        disk.Read(0, sector);
        var hasMbr = MasterBootRecord.TryCreate(sector, out var record) && !record.IsVolumeBootSector && HasLegalEntries(record);
        var protective = ProtectiveMbr.TryRead(sector);
        var signature = hasMbr ? record.DiskSignature : 0;
        var sectorSize = GptReader.HasSignature(disk, ownSize) || !GptReader.HasSignature(disk, otherSize) ? ownSize : otherSize;
        var hasGptSignature = GptReader.HasSignature(disk, sectorSize);
        var notes = new List<string>();

        // A real MBR wins over a GPT that remains from an earlier use of the disk; without any partition in an MBR the GPT is all there is.
        var isProtective = hasMbr && protective is not null;
        if (isProtective || ((!hasMbr || !HasEntries(record)) && hasGptSignature))
        {
            NoteProtective(notes, protective);
            var gpt = new GptReader(disk, sectorSize, notes);
            if (gpt.TryRead(out var partitions, out var failure))
            {
                CheckOverlaps(partitions);
                if (sectorSize != ownSize)
                {
                    notes.Add($"the GPT counts in sectors of {sectorSize} bytes, the disk has sectors of {ownSize}: firmware and Windows "
                        + "do not see the partitions");
                }

                return new PartitionTable(PartitionScheme.Gpt, sectorSize, partitions, notes)
                {
                    DiskGuid = gpt.DiskGuid,
                    MbrSignature = signature,
                    DeviceSectorSize = ownSize,
                    Protective = protective,
                    Primary = gpt.Primary,
                    Backup = gpt.Backup,
                };
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
            return new PartitionTable(PartitionScheme.None, ownSize, [], notes) { DeviceSectorSize = ownSize };
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

        return new PartitionTable(PartitionScheme.Mbr, sectorSize, found, notes) { MbrSignature = signature, DeviceSectorSize = ownSize };
    }

    private static bool HasLegalEntries(MasterBootRecord record) => Array.TrueForAll(record.Slots, e => e.HasLegalStatus);

    private static bool HasEntries(MasterBootRecord record) => Array.Exists(record.Slots, e => e.IsUsed);

    private static void NoteProtective(List<string> notes, ProtectiveMbr? protective)
    {
        if (protective is null)
        {
            notes.Add("the protective MBR is missing or damaged");
            return;
        }

        if (!protective.HasBootSignature)
        {
            notes.Add("the protective MBR does not end with 55 AA");
        }

        if (protective.FirstSector != 1)
        {
            notes.Add($"the protective MBR entry starts at sector {protective.FirstSector}, not at 1: UEFI firmware does not see the "
                + "partitions");
        }

        if (protective.HasOtherEntries)
        {
            notes.Add("the MBR is a hybrid: it lists more than the protective entry, which were ignored");
        }
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
