using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Qed;

/// <summary>QED.</summary>
internal sealed class QedFormat : DiskFormat
{
    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Qed;

    /// <inheritdoc/>
    public override bool Probe(BlockDevice file)
    {
        if (file.Length < 4)
        {
            return false;
        }

        Span<byte> start = stackalloc byte[4];
        file.Read(0, start);
        return BinaryPrimitives.ReadUInt32LittleEndian(start) == QedLayout.Magic;
    }

    /// <inheritdoc/>
    internal override DiskImage Open(IImageFiles files, IFormatSet formats)
    {
        var header = QedHeader.Read(files.Image);
        var isRaw = (header.Features & QedLayout.FeatureBackingNoProbe) != 0;
        var backing = header.BackingFile is null ? null : ParentChain.OpenBacking(files, formats, header.BackingFile, isRaw ? "raw" : null);
        try
        {
            return new QedImage(files.Image, header, backing);
        }
        catch
        {
            backing?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override DiskWriter CreateWriter(ResizableDevice output, long virtualSize, DiskWriterOptions options)
    {
        options.AllowOnly(Format, largeSectors: true);
        return new QedWriter(output, virtualSize);
    }
}
