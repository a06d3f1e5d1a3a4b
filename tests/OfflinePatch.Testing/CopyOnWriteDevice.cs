using OfflinePatch.Core.Devices;

namespace OfflinePatch.Testing;

/// <summary>A device over shared bytes; what is written goes to pages of its own, so that the bytes can be used again.</summary>
/// <param name="origin">The bytes.</param>
/// <param name="length">How many of them count.</param>
/// <param name="sectorSize">Bytes of a sector.</param>
/// <param name="isFixed">Whether a write behind the end fails, as on a partition; else it makes the device longer, as in a file.</param>
public sealed class CopyOnWriteDevice(byte[] origin, int length, int sectorSize = 512, bool isFixed = false) : ResizableDevice
{
    private const int PageSize = 4096;

    private readonly Dictionary<long, byte[]> _pages = [];
    private long _length = length;
    private long _shared = length; // how much of the origin still shows

    /// <summary>All of the bytes, as a partition.</summary>
    public CopyOnWriteDevice(byte[] origin, int sectorSize = 512)
        : this(origin, origin.Length, sectorSize, isFixed: true)
    {
    }

    /// <summary>Calls of <see cref="Write"/>.</summary>
    public int Writes { get; set; }

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override int SectorSize => sectorSize;

    /// <inheritdoc/>
    public override void SetLength(long length)
    {
        if (length < _length)
        {
            _shared = Math.Min(_shared, length);
            foreach (var page in _pages.Keys.Where(p => (p + 1) * PageSize > length).ToArray())
            {
                var keep = (int)Math.Max(0, length - (page * PageSize));
                _pages[page].AsSpan(keep).Clear();
                if (keep == 0)
                {
                    _pages.Remove(page);
                }
            }
        }

        _length = length;
    }

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
                CopyShared(offset, buffer[..count]);
            }

            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        Writes++;
        if (isFixed)
        {
            CheckRange(offset, buffer.Length);
        }
        else if (offset + buffer.Length > _length)
        {
            SetLength(offset + buffer.Length);
        }

        while (buffer.Length > 0)
        {
            var within = (int)(offset % PageSize);
            var count = Math.Min(buffer.Length, PageSize - within);
            if (!_pages.TryGetValue(offset / PageSize, out var page))
            {
                page = new byte[PageSize];
                CopyShared(offset - within, page);
                _pages.Add(offset / PageSize, page);
            }

            buffer[..count].CopyTo(page.AsSpan(within));
            buffer = buffer[count..];
            offset += count;
        }
    }

    private void CopyShared(long offset, Span<byte> buffer)
    {
        var count = (int)Math.Clamp(_shared - offset, 0, buffer.Length);
        if (count > 0)
        {
            origin.AsSpan((int)offset, count).CopyTo(buffer);
        }

        buffer[count..].Clear();
    }
}
