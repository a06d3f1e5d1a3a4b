using OfflinePatch.Core;

namespace OfflinePatch.Ntfs.Engine;

/// <summary>
/// Bytes of clusters that a file on the volume owns already, held back until the volume is flushed. Pages by volume offset; a page never
/// reaches into another cluster, which may be written directly.
/// </summary>
internal sealed class PendingWrites(int clusterSize)
{
    private readonly int _pageSize = Math.Min(4096, clusterSize);
    private readonly Dictionary<long, byte[]> _pages = [];

    public bool IsEmpty => _pages.Count == 0;

    public void Write(BlockDevice device, long offset, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var index = offset / _pageSize;
            var within = (int)(offset % _pageSize);
            var count = Math.Min(bytes.Length, _pageSize - within);
            if (!_pages.TryGetValue(index, out var page))
            {
                page = new byte[_pageSize];
                var start = index * _pageSize;
                var have = (int)Math.Min(_pageSize, device.Length - start);
                if (count < have)
                {
                    device.Read(start, page.AsSpan(0, have));
                }

                _pages.Add(index, page);
            }

            bytes[..count].CopyTo(page.AsSpan(within));
            bytes = bytes[count..];
            offset += count;
        }
    }

    /// <summary>Overlays pending bytes on what was read from the device.</summary>
    public void Overlay(long offset, Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var within = (int)(offset % _pageSize);
            var count = Math.Min(bytes.Length, _pageSize - within);
            if (_pages.TryGetValue(offset / _pageSize, out var page))
            {
                page.AsSpan(within, count).CopyTo(bytes);
            }

            bytes = bytes[count..];
            offset += count;
        }
    }

    /// <summary>Writes all pages to the device, in order, and forgets them.</summary>
    public void Flush(BlockDevice device)
    {
        foreach (var (index, page) in _pages.OrderBy(p => p.Key))
        {
            var start = index * _pageSize;
            device.Write(start, page.AsSpan(0, (int)Math.Min(_pageSize, device.Length - start)));
        }

        _pages.Clear();
    }
}
