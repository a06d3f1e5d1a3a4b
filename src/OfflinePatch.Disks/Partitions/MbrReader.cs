using OfflinePatch.Core;

namespace OfflinePatch.Disks.Partitions;

/// <summary>Reads the primary and logical partitions of an MBR disk.</summary>
internal sealed class MbrReader(BlockDevice disk, int sectorSize, List<string> notes)
{
    // Windows stops at 128 partitions of a disk; a longer chain is hostile or damaged.
    private const int MaxLogicalPartitions = 128;

    private readonly List<Partition> _partitions = [];

    /// <summary>The partitions in slot order.</summary>
    public List<Partition> Read(ReadOnlySpan<byte> sector)
    {
        if (!MasterBootRecord.TryCreate(sector, out var record))
        {
            return _partitions;
        }

        (long Offset, long Length)? extended = null;
        for (var slot = 0; slot < MasterBootRecord.EntryCount; slot++)
        {
            var entry = record.Entry(slot);
            if (!entry.IsUsed)
            {
                continue;
            }

            if (entry.SectorCount == 0)
            {
                notes.Add($"MBR slot {slot + 1} has type 0x{entry.Type:X2} but no sectors; it was ignored");
                continue;
            }

            if (entry.FirstSector == 0)
            {
                notes.Add($"MBR slot {slot + 1} starts at the MBR itself (a hybrid disc image); it was ignored");
                continue;
            }

            var offset = (long)entry.FirstSector * sectorSize;
            var length = (long)entry.SectorCount * sectorSize;
            if (offset > disk.Length || length > disk.Length - offset)
            {
                throw PartitionError.OutsideDisk(slot + 1, offset, length, disk.Length);
            }

            if (PartitionTypes.IsExtended(entry.Type))
            {
                if (extended is not null)
                {
                    notes.Add($"MBR slot {slot + 1} is a second extended partition; it was ignored");
                    continue;
                }

                extended = (offset, length);
                continue;
            }

            _partitions.Add(new Partition
            {
                Number = slot + 1,
                Offset = offset,
                Length = length,
                MbrType = entry.Type,
                IsActive = entry.Status == 0x80,
            });
        }

        if (extended is var (start, size))
        {
            ReadLogical(start, size);
        }

        return _partitions;
    }

    /// <summary>
    /// Follows the chain of extended boot records: entry 0 is a logical partition, relative to its record; entry 1 the next record,
    /// relative to the extended partition.
    /// </summary>
    private void ReadLogical(long start, long length)
    {
        Span<byte> sector = stackalloc byte[MasterBootRecord.Layout.Size];
        var visited = new HashSet<long>();
        var number = MasterBootRecord.EntryCount + 1;
        var recordOffset = start;
        while (true)
        {
            if (!visited.Add(recordOffset) || visited.Count > MaxLogicalPartitions)
            {
                throw PartitionError.LogicalChainLoops(recordOffset);
            }

            disk.Read(recordOffset, sector);
            if (!MasterBootRecord.TryCreate(sector, out var record))
            {
                notes.Add($"the extended partition holds no boot record at offset 0x{recordOffset:X}; logical partitions from there on "
                    + "are not seen");
                return;
            }

            var entry = record.Entry(0);
            if (entry is { IsUsed: true, SectorCount: > 0 })
            {
                AddLogical(entry, number++, recordOffset, start, length);
            }

            var next = record.Entry(1);
            if (!PartitionTypes.IsExtended(next.Type) || next.SectorCount == 0)
            {
                return;
            }

            var relative = (long)next.FirstSector * sectorSize;
            if (relative > length - sectorSize)
            {
                throw PartitionError.LogicalOutsideExtended(recordOffset, start, length);
            }

            recordOffset = start + relative;
        }
    }

    private void AddLogical(MbrEntry entry, int number, long recordOffset, long start, long length)
    {
        var offset = recordOffset + ((long)entry.FirstSector * sectorSize);
        var size = (long)entry.SectorCount * sectorSize;
        if (offset <= recordOffset || offset > start + length || size > start + length - offset)
        {
            throw PartitionError.LogicalOutsideExtended(recordOffset, start, length);
        }

        _partitions.Add(new Partition
        {
            Number = number,
            Offset = offset,
            Length = size,
            MbrType = entry.Type,
            IsActive = entry.Status == 0x80,
            IsLogical = true,
        });
    }
}
