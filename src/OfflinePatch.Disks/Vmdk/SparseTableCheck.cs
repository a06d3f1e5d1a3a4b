using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>
/// Checks all grain tables of a sparse extent once: each grain inside the file, no sector used twice. A truncated file is found here, not
/// when the missing part is read.
/// </summary>
internal sealed class SparseTableCheck(BlockDevice file, string fileName, int grainSectors, long guestSectors, bool compressed,
    bool hasZeroEntry)
{
    // One bit per grain-sized piece of the file; 32 MiB of bits cover 16 TiB of default grains.
    private const long MaxBits = 1L << 28;

    private readonly List<(long Start, long End)> _metadata = [];
    private readonly ClusterSet _packed = new(); // first sectors of compressed grains
    private readonly long _fileSectors = (file.Length + VmdkLayout.SectorSize - 1) / VmdkLayout.SectorSize;

    /// <summary>Says that sectors hold metadata, so that no grain may lie there.</summary>
    public void AddMetadata(long startSector, long sectors)
    {
        if (_metadata.Count > 0 && _metadata[^1].End == startSector)
        {
            _metadata[^1] = (_metadata[^1].Start, startSector + sectors); // tables are neighbours
        }
        else
        {
            _metadata.Add((startSector, startSector + sectors));
        }
    }

    /// <summary>Checks the tables, and their copy. Returns whether both copies say the same; true without a copy.</summary>
    /// <exception cref="CorruptImageException">A grain is outside the file (<c>VMDK-0008</c>) or shared (<c>VMDK-0009</c>).</exception>
    public bool Run(GrainTables tables, GrainTables? copy)
    {
        AddTables(tables);
        if (copy is not null)
        {
            AddTables(copy);
        }

        MergeMetadata();
        var bits = file.Length / VmdkLayout.SectorSize / grainSectors + 1;
        var seen = !compressed && bits <= MaxBits ? new ulong[(bits + 63) / 64] : null;
        var strays = new List<uint>();
        var entries = new uint[tables.EntriesPerTable];
        var other = new uint[tables.EntriesPerTable];
        var equal = true;
        for (var index = 0; index < tables.Count; index++)
        {
            if (copy is not null && (tables.TableSector(index) == 0) != (copy.TableSector(index) == 0))
            {
                equal = false;
            }

            if (tables.TableSector(index) == 0)
            {
                continue;
            }

            var isUsed = tables.TryReadTable(index, entries);
            if (copy is not null && copy.TableSector(index) != 0)
            {
                var isOtherUsed = copy.TryReadTable(index, other);
                equal = equal && isUsed == isOtherUsed && (!isUsed || entries.AsSpan().SequenceEqual(other));
            }

            if (isUsed)
            {
                CheckTable((long)index * tables.EntriesPerTable, entries, seen, strays);
            }
        }

        CheckStrays(strays, seen);
        return equal;
    }

    private void CheckTable(long firstGrain, uint[] entries, ulong[]? seen, List<uint> strays)
    {
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = entries[i];
            var left = guestSectors - ((firstGrain + i) * grainSectors);
            if (entry == 0 || (entry == VmdkLayout.ZeroGrainEntry && hasZeroEntry) || left <= 0)
            {
                continue;
            }

            var needed = compressed ? 1 : Math.Min(grainSectors, left);
            if (entry > _fileSectors - needed || OverlapsMetadata(entry, needed))
            {
                throw VmdkError.GrainOutsideFile(fileName, firstGrain + i, entry, file.Length);
            }

            if (compressed)
            {
                if (!_packed.TryAdd(entry, 1))
                {
                    throw VmdkError.GrainShared(fileName, entry);
                }
            }
            else if (seen is null || entry % grainSectors != 0)
            {
                strays.Add(entry);
            }
            else
            {
                var bit = entry / grainSectors;
                if ((seen[bit / 64] & (1UL << (int)(bit % 64))) != 0)
                {
                    throw VmdkError.GrainShared(fileName, entry);
                }

                seen[bit / 64] |= 1UL << (int)(bit % 64);
            }
        }
    }

    /// <summary>Grains that do not start at a multiple of the grain size (VMware allows it): compared among each other.</summary>
    private void CheckStrays(List<uint> strays, ulong[]? seen)
    {
        strays.Sort();
        for (var i = 0; i < strays.Count; i++)
        {
            if (i > 0 && strays[i] - strays[i - 1] < grainSectors)
            {
                throw VmdkError.GrainShared(fileName, strays[i]);
            }

            if (seen is not null && (IsSeen(seen, strays[i] / grainSectors) || IsSeen(seen, (strays[i] / grainSectors) + 1)))
            {
                throw VmdkError.GrainShared(fileName, strays[i]);
            }
        }
    }

    private static bool IsSeen(ulong[] seen, long bit) => bit / 64 < seen.Length && (seen[bit / 64] & (1UL << (int)(bit % 64))) != 0;

    private void AddTables(GrainTables tables)
    {
        AddMetadata(tables.DirectoryOffset / VmdkLayout.SectorSize,
            ((tables.Count * sizeof(uint)) + VmdkLayout.SectorSize - 1) / VmdkLayout.SectorSize);
        for (var index = 0; index < tables.Count; index++)
        {
            if (tables.TableSector(index) != 0)
            {
                AddMetadata(tables.TableSector(index), tables.TableBytes / VmdkLayout.SectorSize);
            }
        }
    }

    private void MergeMetadata()
    {
        _metadata.Sort();
        var merged = new List<(long Start, long End)>();
        foreach (var (start, end) in _metadata)
        {
            if (merged.Count > 0 && start <= merged[^1].End)
            {
                merged[^1] = (merged[^1].Start, Math.Max(end, merged[^1].End));
            }
            else
            {
                merged.Add((start, end));
            }
        }

        _metadata.Clear();
        _metadata.AddRange(merged);
    }

    private bool OverlapsMetadata(long start, long sectors)
    {
        var low = 0;
        var high = _metadata.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_metadata[middle].End <= start)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low < _metadata.Count && _metadata[low].Start < start + sectors;
    }
}
