using OfflinePatch.Core;

namespace OfflinePatch.Ntfs;

/// <summary>
/// Bytes of clusters that a file on the volume owns already, held back until the volume is flushed. Pages of 4 KiB by volume offset.
/// </summary>
internal sealed class PendingWrites
{
    private const int PageSize = 4096;

    private readonly Dictionary<long, byte[]> _pages = [];

    public bool IsEmpty => _pages.Count == 0;

    public void Write(BlockDevice device, long offset, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var index = offset / PageSize;
            var within = (int)(offset % PageSize);
            var count = Math.Min(bytes.Length, PageSize - within);
            if (!_pages.TryGetValue(index, out var page))
            {
                page = new byte[PageSize];
                var start = index * PageSize;
                var have = (int)Math.Min(PageSize, device.Length - start);
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

    /// <summary>Lays what is pending over what was read from the device.</summary>
    public void Overlay(long offset, Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var within = (int)(offset % PageSize);
            var count = Math.Min(bytes.Length, PageSize - within);
            if (_pages.TryGetValue(offset / PageSize, out var page))
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
            var start = index * PageSize;
            device.Write(start, page.AsSpan(0, (int)Math.Min(PageSize, device.Length - start)));
        }

        _pages.Clear();
    }
}
