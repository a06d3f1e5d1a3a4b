namespace OfflinePatch.Core.Devices;

/// <summary>A sparse device in memory, in pages of 64 KiB that exist once they are written.</summary>
public sealed class MemoryDevice : ResizableDevice
{
    private const int PageSize = 64 * 1024;

    private readonly Dictionary<long, byte[]> _pages = [];
    private readonly int _sectorSize;
    private long _length;

    /// <param name="length">Length in bytes; reads as zeros.</param>
    /// <param name="sectorSize">512 or 4096.</param>
    public MemoryDevice(long length, int sectorSize = 512)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _length = length;
        _sectorSize = sectorSize;
    }

    /// <summary>A device that holds a copy of <paramref name="content"/>.</summary>
    public MemoryDevice(ReadOnlySpan<byte> content, int sectorSize = 512)
        : this(content.Length, sectorSize) => Write(0, content);

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override int SectorSize => _sectorSize;

    /// <summary>Bytes of memory that hold data.</summary>
    public long AllocatedBytes => (long)_pages.Count * PageSize;

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
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
                buffer[..count].Clear();
            }

            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (buffer.Length > 0)
        {
            var within = (int)(offset % PageSize);
            var count = Math.Min(buffer.Length, PageSize - within);
            if (!_pages.TryGetValue(offset / PageSize, out var page))
            {
                page = new byte[PageSize];
                _pages.Add(offset / PageSize, page);
            }

            buffer[..count].CopyTo(page.AsSpan(within));
            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    public override void SetLength(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length < _length)
        {
            foreach (var index in _pages.Keys.Where(i => (i + 1) * PageSize > length).ToList())
            {
                if (index * PageSize >= length)
                {
                    _pages.Remove(index);
                }
                else
                {
                    _pages[index].AsSpan((int)(length - (index * PageSize))).Clear();
                }
            }
        }

        _length = length;
    }

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset)
    {
        CheckRange(offset, 1);
        var index = offset / PageSize;
        var isZero = !_pages.ContainsKey(index);
        var end = index + 1;
        while (end * PageSize < _length && _pages.ContainsKey(end) != isZero)
        {
            end++;
        }

        return new DeviceExtent(offset, Math.Min(end * PageSize, _length) - offset, isZero);
    }
}
