using OfflinePatch.Core;

namespace OfflinePatch.FileSystems.Fat;

/// <summary>
/// Writes to a device that are held in memory until <see cref="Flush"/>; reads see them. A page that did not change in the end is not
/// written.
/// </summary>
internal sealed class HeldWrites(BlockDevice device) : BlockDevice
{
    /// <summary>Bytes held at most.</summary>
    public const long Limit = 1L << 30;

    private const int PageSize = 4096;

    private readonly SortedDictionary<long, byte[]> _pages = [];

    public override long Length => device.Length;

    public override bool CanWrite => device.CanWrite;

    public override int SectorSize => device.SectorSize;

    public bool IsEmpty => _pages.Count == 0;

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        if (_pages.Count == 0)
        {
            device.Read(offset, buffer);
            return;
        }

        while (!buffer.IsEmpty)
        {
            var index = offset / PageSize;
            var within = (int)(offset % PageSize);
            int count;
            if (_pages.TryGetValue(index, out var page))
            {
                count = Math.Min(buffer.Length, PageSize - within);
                page.AsSpan(within, count).CopyTo(buffer);
            }
            else
            {
                var end = index + 1;
                while (end * PageSize < offset + buffer.Length && !_pages.ContainsKey(end))
                {
                    end++;
                }

                count = (int)Math.Min(buffer.Length, (end * PageSize) - offset);
                device.Read(offset, buffer[..count]);
            }

            buffer = buffer[count..];
            offset += count;
        }
    }

    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (!buffer.IsEmpty)
        {
            var index = offset / PageSize;
            var within = (int)(offset % PageSize);
            var count = Math.Min(buffer.Length, PageSize - within);
            buffer[..count].CopyTo(PageFor(index, isWhole: count == PageSize).AsSpan(within));
            buffer = buffer[count..];
            offset += count;
        }
    }

    public override void Flush()
    {
        var current = new byte[PageSize];
        foreach (var (index, page) in _pages)
        {
            var length = LengthOf(index);
            device.Read(index * PageSize, current.AsSpan(0, length));
            if (!current.AsSpan(0, length).SequenceEqual(page.AsSpan(0, length)))
            {
                device.Write(index * PageSize, page.AsSpan(0, length));
            }
        }

        _pages.Clear();
        device.Flush();
    }

    private byte[] PageFor(long index, bool isWhole)
    {
        if (!_pages.TryGetValue(index, out var page))
        {
            if ((_pages.Count + 1L) * PageSize > Limit)
            {
                throw FatError.HeldTooMuch(Limit);
            }

            page = new byte[PageSize];
            if (!isWhole)
            {
                device.Read(index * PageSize, page.AsSpan(0, LengthOf(index)));
            }

            _pages.Add(index, page);
        }

        return page;
    }

    private int LengthOf(long index) => (int)Math.Min(PageSize, device.Length - (index * PageSize));
}
