using OfflinePatch.Core;

namespace OfflinePatch.Ntfs.Tests.Fuzz;

/// <summary>A writable view of a shared volume: one case's changes, thrown away with it.</summary>
internal sealed class OverlayDevice(byte[] origin, int sectorSize = 512) : BlockDevice
{
    private const int PageSize = 4096;

    private readonly Dictionary<long, byte[]> _pages = [];

    /// <summary>Calls of <see cref="Write"/>.</summary>
    public int Writes { get; set; }

    public override long Length => origin.Length;

    public override bool CanWrite => true;

    public override int SectorSize => sectorSize;

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (buffer.Length > 0)
        {
            var within = (int)(offset % PageSize);
            var count = Math.Min(buffer.Length, PageSize - within);
            (_pages.TryGetValue(offset / PageSize, out var page) ? page.AsSpan(within, count) : origin.AsSpan((int)offset, count))
                .CopyTo(buffer);
            buffer = buffer[count..];
            offset += count;
        }
    }

    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        Writes++;
        while (buffer.Length > 0)
        {
            var start = offset / PageSize * PageSize;
            var within = (int)(offset - start);
            var count = Math.Min(buffer.Length, PageSize - within);
            if (!_pages.TryGetValue(offset / PageSize, out var page))
            {
                page = new byte[PageSize];
                origin.AsSpan((int)start, (int)Math.Min(PageSize, origin.Length - start)).CopyTo(page);
                _pages.Add(offset / PageSize, page);
            }

            buffer[..count].CopyTo(page.AsSpan(within));
            buffer = buffer[count..];
            offset += count;
        }
    }
}
