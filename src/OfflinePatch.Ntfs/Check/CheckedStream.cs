using OfflinePatch.Core;

namespace OfflinePatch.Ntfs.Check;

/// <summary>
/// A stream that is read through the runs as they are on disk, or from its resident value. Bounded and without exceptions of its own.
/// </summary>
internal sealed class CheckedStream
{
    private readonly BlockDevice? _device;
    private readonly int _clusterSize;
    private readonly List<StreamRun> _runs = [];
    private readonly ReadOnlyMemory<byte> _value;
    private int _last;

    /// <param name="extents">All extents of one attribute, or its resident form.</param>
    public CheckedStream(BlockDevice device, int clusterSize, IEnumerable<CheckedAttribute> extents)
    {
        _device = device;
        _clusterSize = clusterSize;
        foreach (var extent in extents.OrderBy(e => e.LowestVcn))
        {
            if (extent.IsResident)
            {
                _value = extent.Value;
                _device = null;
                Length = Initialized = extent.Value.Length;
                return;
            }

            if (extent.LowestVcn == 0)
            {
                Length = Math.Max(0, extent.DataSize);
                Initialized = Math.Clamp(extent.InitializedSize, 0, Length);
            }

            foreach (var run in extent.Runs)
            {
                // runs past 2^63 bytes are left out: no offset can name them
                if (run.Vcn == (_runs.Count == 0 ? 0 : _runs[^1].EndVcn) && run.EndVcn <= long.MaxValue / clusterSize)
                {
                    _runs.Add(run);
                }
            }
        }

        var clusters = _runs.Count == 0 ? 0 : _runs[^1].EndVcn;
        Available = clusters * clusterSize;
        Length = Math.Min(Length, Available);
        Initialized = Math.Min(Initialized, Length);
    }

    /// <summary>Bytes that the attribute says and its runs hold.</summary>
    public long Length { get; }

    /// <summary>Bytes that were ever written.</summary>
    public long Initialized { get; }

    /// <summary>Bytes of the runs.</summary>
    public long Available { get; }

    /// <summary>The runs, contiguous from VCN 0.</summary>
    public IReadOnlyList<StreamRun> Runs => _runs;

    /// <summary>
    /// Fills the buffer; false when the range is not inside the stream. Holes and bytes that were never written are zeros.
    /// </summary>
    /// <exception cref="CorruptImageException">The container below is damaged.</exception>
    public bool TryRead(long offset, Span<byte> buffer)
    {
        if (offset < 0 || offset > Length || buffer.Length > Length - offset)
        {
            return false;
        }

        if (_device is null)
        {
            _value.Span.Slice((int)offset, buffer.Length).CopyTo(buffer);
            return true;
        }

        while (buffer.Length > 0)
        {
            var run = Find(offset / _clusterSize);
            var within = offset - (run.Vcn * _clusterSize);
            var count = (int)Math.Min(buffer.Length, (run.Count * _clusterSize) - within);
            var written = (int)Math.Clamp(Initialized - offset, 0, count);
            if (run.IsHole)
            {
                written = 0;
            }

            if (written > 0)
            {
                _device.Read((run.Lcn * _clusterSize) + within, buffer[..written]);
            }

            buffer[written..count].Clear();
            buffer = buffer[count..];
            offset += count;
        }

        return true;
    }

    /// <summary>Whether the bytes from <paramref name="offset"/> certainly read as zeros, and how far.</summary>
    public bool IsZero(long offset, out long count)
    {
        count = 0;
        if (_device is null || offset < 0 || offset >= Length)
        {
            return false;
        }

        var run = Find(offset / _clusterSize);
        var left = Math.Min((run.EndVcn * _clusterSize) - offset, Length - offset);
        if (run.IsHole || offset >= Initialized)
        {
            count = left;
            return true;
        }

        var extent = _device.GetExtent((run.Lcn * _clusterSize) + (offset - (run.Vcn * _clusterSize)));
        count = Math.Min(left, extent.Length);
        return extent.IsZero;
    }

    private StreamRun Find(long vcn)
    {
        if (_last < _runs.Count && _runs[_last].Vcn <= vcn && vcn < _runs[_last].EndVcn)
        {
            return _runs[_last];
        }

        int low = 0, high = _runs.Count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_runs[middle].Vcn <= vcn)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        _last = low;
        return _runs[low];
    }
}
