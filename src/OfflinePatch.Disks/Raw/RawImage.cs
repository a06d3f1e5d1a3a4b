using OfflinePatch.Core;

namespace OfflinePatch.Disks.Raw;

/// <summary>A RAW image: guest offset = host offset.</summary>
internal sealed class RawImage(ResizableDevice file, string subformat = "", string? whyNotGrow = null) : DiskImage
{
    private long _length = file.Length;

    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Raw;

    /// <inheritdoc/>
    public override string Subformat => subformat;

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override string? WhyNotGrow => whyNotGrow;

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        file.Read(offset, buffer);
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        file.Write(offset, buffer);
    }

    /// <inheritdoc/>
    protected override long GrowTo(long length)
    {
        var old = _length;
        file.SetLength(length);
        _length = length;
        return old; // a file that grows reads as zeros there
    }

    /// <inheritdoc/>
    public override void Flush() => file.Flush();

    /// <inheritdoc/>
    public override void Prefetch(long offset, long length) => file.Prefetch(offset, length);

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset)
    {
        CheckRange(offset, 1);
        return file.GetExtent(offset);
    }
}
