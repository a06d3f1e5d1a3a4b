using OfflinePatch.Core;

namespace OfflinePatch.Ntfs.Replay;

/// <summary>The volume while a log is replayed: what it changes stays in memory until everything succeeded.</summary>
internal sealed class ReplayVolume(BlockDevice device, int clusterSize, long clusters) : BlockDevice
{
    private const int PageSize = 4096;

    private readonly SortedDictionary<long, byte[]> _pages = [];
    private readonly Dictionary<long, long> _writers = [];

    public int ClusterSize => clusterSize;

    public long ClusterCount => clusters;

    /// <summary>Bytes that will be written.</summary>
    public long ChangedBytes => (long)_pages.Count * PageSize;

    /// <summary>Clusters that the log changes, each with the FILE record of the file that the log says it belongs to.</summary>
    public IReadOnlyDictionary<long, long> Writers => _writers;

    public override long Length => device.Length;

    public override bool CanWrite => true;

    public override int SectorSize => device.SectorSize;

    public override void Read(long offset, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var within = (int)(offset % PageSize);
            var count = Math.Min(buffer.Length, PageSize - within);
            if (_pages.Count == 0)
            {
                device.Read(offset, buffer);
                return;
            }

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

    public override void Write(long offset, ReadOnlySpan<byte> buffer)
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

    /// <summary>Writes bytes inside one cluster, and remembers which file the log says the cluster belongs to.</summary>
    /// <param name="offset">Byte offset on the volume.</param>
    /// <param name="buffer">The bytes.</param>
    /// <param name="file">FILE record of the file, or -1.</param>
    public void Write(long offset, ReadOnlySpan<byte> buffer, long file)
    {
        if (file >= 0)
        {
            _writers[offset / clusterSize] = file;
        }

        Write(offset, buffer);
    }

    /// <summary>Writes everything to the device.</summary>
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
