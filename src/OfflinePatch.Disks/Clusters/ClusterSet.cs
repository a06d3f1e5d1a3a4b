namespace OfflinePatch.Disks.Clusters;

/// <summary>A set of cluster numbers, one bit each, in pages that exist once they are needed. Finds two uses of one cluster.</summary>
internal sealed class ClusterSet
{
    private const int PageBits = 15; // clusters in a page: 4 KiB of bits

    private readonly Dictionary<long, ulong[]> _pages = [];

    /// <summary>Adds a run of clusters; false when one of them is in the set already.</summary>
    public bool TryAdd(long first, long count)
    {
        var isNew = true;
        for (var cluster = first; cluster < first + count; cluster++)
        {
            if (!_pages.TryGetValue(cluster >> PageBits, out var page))
            {
                page = new ulong[1 << (PageBits - 6)];
                _pages.Add(cluster >> PageBits, page);
            }

            var word = (int)(cluster & ((1 << PageBits) - 1)) >> 6;
            var bit = 1UL << (int)(cluster & 63);
            isNew &= (page[word] & bit) == 0;
            page[word] |= bit;
        }

        return isNew;
    }
}
