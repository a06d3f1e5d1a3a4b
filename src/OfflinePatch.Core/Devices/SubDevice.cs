namespace OfflinePatch.Core.Devices;

/// <summary>A window onto a device: a partition of a disk, an extent of a file. It does not own the device below.</summary>
public sealed class SubDevice : BlockDevice
{
    private readonly BlockDevice _parent;
    private readonly long _start;

    /// <param name="parent">The device below.</param>
    /// <param name="start">First byte of the window, in the device below.</param>
    /// <param name="length">Bytes. The window must be inside the device below.</param>
    /// <exception cref="CorruptImageException"><c>CORE-0001</c>: the window is not inside the device.</exception>
    public SubDevice(BlockDevice parent, long start, long length)
    {
        if (start < 0 || length < 0 || start > parent.Length || length > parent.Length - start)
        {
            throw CoreError.OutsideDevice("partition or extent", start, length, parent.Length);
        }

        _parent = parent;
        _start = start;
        Length = length;
    }

    /// <summary>Where the window starts in the device below, in bytes.</summary>
    public long Start => _start;

    /// <inheritdoc/>
    public override long Length { get; }

    /// <inheritdoc/>
    public override bool CanWrite => _parent.CanWrite;

    /// <inheritdoc/>
    public override int SectorSize => _parent.SectorSize;

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        _parent.Read(_start + offset, buffer);
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        _parent.Write(_start + offset, buffer);
    }

    /// <inheritdoc/>
    public override void Flush() => _parent.Flush();

    /// <inheritdoc/>
    public override void Prefetch(long offset, long length) => _parent.Prefetch(_start + offset, Math.Min(length, Length - offset));

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset)
    {
        CheckRange(offset, 1);
        var below = _parent.GetExtent(_start + offset);
        return new DeviceExtent(offset, Math.Min(below.Length, Length - offset), below.IsZero);
    }
}
