using OfflinePatch.Core;

namespace OfflinePatch.Disks.Packages;

/// <summary>Several files, one after another, as one device.</summary>
internal sealed class ConcatenatedDevice : ResizableDevice
{
    private readonly List<(long Start, ResizableDevice Device)> _parts = [];
    private readonly long _length;

    /// <param name="parts">The files, in order; not owned.</param>
    public ConcatenatedDevice(IEnumerable<ResizableDevice> parts)
    {
        foreach (var part in parts)
        {
            _parts.Add((_length, part));
            _length += part.Length;
        }
    }

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override bool CanWrite => _parts.TrueForAll(p => p.Device.CanWrite);

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (buffer.Length > 0)
        {
            var (start, device) = Find(offset);
            var count = (int)Math.Min(buffer.Length, start + device.Length - offset);
            device.Read(offset - start, buffer[..count]);
            offset += count;
            buffer = buffer[count..];
        }
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (buffer.Length > 0)
        {
            var (start, device) = Find(offset);
            var count = (int)Math.Min(buffer.Length, start + device.Length - offset);
            device.Write(offset - start, buffer[..count]);
            offset += count;
            buffer = buffer[count..];
        }
    }

    /// <inheritdoc/>
    public override void SetLength(long length)
    {
        if (length != _length)
        {
            throw PackageError.NotInPlace("The image is split into parts of fixed sizes.");
        }
    }

    /// <inheritdoc/>
    public override void Flush() => _parts.ForEach(p => p.Device.Flush());

    /// <inheritdoc/>
    public override void Prefetch(long offset, long length)
    {
        var (start, device) = Find(offset);
        device.Prefetch(offset - start, Math.Min(length, start + device.Length - offset));
    }

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset)
    {
        CheckRange(offset, 1);
        var (start, device) = Find(offset);
        return device.GetExtent(offset - start) with { Offset = offset };
    }

    private (long Start, ResizableDevice Device) Find(long offset)
    {
        var low = 0;
        var high = _parts.Count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_parts[middle].Start <= offset)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return _parts[low];
    }
}
