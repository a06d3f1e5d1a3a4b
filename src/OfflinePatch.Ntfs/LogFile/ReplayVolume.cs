using OfflinePatch.Core;

namespace OfflinePatch.Ntfs.LogFile;

/// <summary>The volume while a log is replayed: what it changes stays in memory until everything succeeded.</summary>
internal sealed class ReplayVolume(BlockDevice device, int clusterSize, long clusters)
{
    private const int PageSize = 4096;

    private readonly SortedDictionary<long, byte[]> _pages = [];

    public int ClusterSize => clusterSize;

    public long Clusters => clusters;

    /// <summary>Bytes that will be written.</summary>
    public long ChangedBytes => (long)_pages.Count * PageSize;

    public void Read(long offset, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var within = (int)(offset % PageSize);
            var count = Math.Min(buffer.Length, PageSize - within);
            if (_pages.TryGetValue(offset / PageSize, out var page))
            {
                page.AsSpan(within, count).CopyTo(buffer);
            }
            else
            {
                device.Read(offset, buffer[..count]);
            }

            buffer = buffer[count..];
            offset += count;
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var start = offset / PageSize * PageSize;
            var within = (int)(offset - start);
            var count = Math.Min(buffer.Length, PageSize - within);
            if (!_pages.TryGetValue(offset / PageSize, out var page))
            {
                page = new byte[PageSize];
                device.Read(start, page.AsSpan(0, (int)Math.Min(PageSize, device.Length - start)));
                _pages.Add(offset / PageSize, page);
            }

            buffer[..count].CopyTo(page.AsSpan(within));
            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <summary>Hands everything to the device.</summary>
    public void Commit()
    {
        foreach (var (index, page) in _pages)
        {
            var start = index * PageSize;
            device.Write(start, page.AsSpan(0, (int)Math.Min(PageSize, device.Length - start)));
        }

        _pages.Clear();
        device.Flush();
    }
}
