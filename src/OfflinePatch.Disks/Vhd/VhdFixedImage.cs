using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vhd;

/// <summary>A fixed VHD: the bytes of the disk, then the footer.</summary>
internal sealed class VhdFixedImage : DiskImage
{
    private readonly SubDevice _disk;
    private readonly VhdFooter _footer;

    /// <exception cref="CorruptImageException"><c>VHD-0003</c>: the file is too short.</exception>
    public VhdFixedImage(ResizableDevice file, VhdFooter footer)
    {
        _footer = footer;
        Length = footer.Size;
        if (Length > footer.EndOffset)
        {
            throw VhdError.Size(Length, footer.EndOffset);
        }

        _disk = new SubDevice(file, 0, Length);
    }

    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Vhd;

    /// <inheritdoc/>
    public override string Subformat => "fixed";

    /// <inheritdoc/>
    public override long Length { get; }

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
