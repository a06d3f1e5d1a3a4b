namespace OfflinePatch.Disks.Clusters;

/// <summary>
/// A set of cluster numbers that finds two uses of one cluster. A page of 65,536 clusters is a sorted list while it holds few of them and
/// one bit each after that, so that neither a full image nor one whose entries are scattered over a huge sparse file costs more than a few
/// bytes an entry.
/// </summary>
internal sealed class ClusterSet
{
    private const int PageBits = 16;
    private const int MaxListed = 1024; // 2 KiB; a page of bits has 8 KiB

    private readonly Dictionary<long, Page> _pages = [];
    private long _lastIndex = -1;
    private Page? _last;

    /// <summary>Adds a run of clusters; false when one of them is in the set already.</summary>
    public bool TryAdd(long first, long count)
    {
        var isNew = true;
        for (var cluster = first; cluster < first + count; cluster++)
        {
            isNew &= PageOf(cluster >> PageBits, create: true)!.Add((ushort)(cluster & ushort.MaxValue));
        }

        return isNew;
    }

    /// <summary>Whether a cluster is in the set.</summary>
    public bool Contains(long cluster) => PageOf(cluster >> PageBits, create: false)?.Contains((ushort)(cluster & ushort.MaxValue))
        ?? false;

    private Page? PageOf(long index, bool create)
    {
        if (index == _lastIndex)
        {
            return _last;
        }

        if (!_pages.TryGetValue(index, out var page))
        {
            if (!create)
            {
                return null;
            }

            page = new Page();
            _pages.Add(index, page);
        }

        _lastIndex = index;
        _last = page;
        return page;
    }

    private sealed class Page
    {
        private ushort[] _listed = [];
        private int _count;
        private ulong[]? _bits;

        public bool Add(ushort cluster)
        {
            if (_bits is not null)
            {
                var bit = 1UL << (cluster & 63);
                var isNew = (_bits[cluster >> 6] & bit) == 0;
                _bits[cluster >> 6] |= bit;
                return isNew;
            }

            var at = _count == 0 || cluster > _listed[_count - 1] ? ~_count : Array.BinarySearch(_listed, 0, _count, cluster);
            if (at >= 0)
            {
                return false;
            }

            if (_count == MaxListed)
            {
                _bits = new ulong[(1 << PageBits) / 64];
                foreach (var listed in _listed)
                {
                    _bits[listed >> 6] |= 1UL << (listed & 63);
                }

                _listed = [];
                return Add(cluster);
            }

            if (_count == _listed.Length)
            {
                Array.Resize(ref _listed, Math.Max(4, _count * 2));
            }

            _listed.AsSpan(~at, _count - ~at).CopyTo(_listed.AsSpan(~at + 1));
            _listed[~at] = cluster;
            _count++;
            return true;
        }

        public bool Contains(ushort cluster) => _bits is not null
            ? (_bits[cluster >> 6] & (1UL << (cluster & 63))) != 0
            : Array.BinarySearch(_listed, 0, _count, cluster) >= 0;
    }
}
