using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vhd;

/// <summary>A fixed VHD: the bytes of the disk, then the footer.</summary>
internal sealed class VhdFixedImage : DiskImage
{
    private readonly ResizableDevice _file;
    private SubDevice _disk;
    private VhdFooter _footer;

    /// <exception cref="CorruptImageException"><c>VHD-0003</c>: the file is too short.</exception>
    public VhdFixedImage(ResizableDevice file, VhdFooter footer)
    {
        _file = file;
        _footer = footer;
        var size = footer.Size;
        _disk = size <= footer.EndOffset ? new SubDevice(file, 0, size) : throw VhdError.Size(size, footer.EndOffset);
    }

    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Vhd;

    /// <inheritdoc/>
    public override string Subformat => "fixed";

    /// <inheritdoc/>
    public override long Length => _disk.Length;

    /// <inheritdoc/>
    public override string? WhyNotGrow => null;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Properties => VhdDynamicImage.PropertiesOf(_footer);

    /// <summary>The id that a child knows this image by.</summary>
    public Guid UniqueId => _footer.UniqueId;

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        _disk.Read(offset, buffer);
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        _disk.Write(offset, buffer);
    }

    /// <inheritdoc/>
    protected override long GrowTo(long length)
    {
        if (length > VhdLayout.MaxSize)
        {
            throw VhdError.GrowthSize(length);
        }

        // The old footer becomes a part of the disk, and is cleared as such.
        var oldEnd = Math.Min(length, _file.Length);
        _footer = _footer.WithSize(length, length);
        _file.SetLength(length + VhdLayout.FooterLength);
        _disk = new SubDevice(_file, 0, length);
        _file.Write(length, _footer.Bytes);
        return oldEnd;
    }

    /// <inheritdoc/>
    public override void Flush() => _disk.Flush();

    /// <inheritdoc/>
    public override void Prefetch(long offset, long length) => _disk.Prefetch(offset, length);

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset)
    {
        CheckRange(offset, 1);
        return _disk.GetExtent(offset);
    }
}
