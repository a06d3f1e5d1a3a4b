using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Qcow;

/// <summary>QCOW, version 1.</summary>
internal sealed class QcowFormat : DiskFormat
{
    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Qcow;

    /// <inheritdoc/>
    public override bool Compresses(string? variant, string compression) => compression == "zlib";

    /// <inheritdoc/>
    public override bool Probe(BlockDevice file)
    {
        if (file.Length < 8)
        {
            return false;
        }

        Span<byte> start = stackalloc byte[8];
        file.Read(0, start);
        return BinaryPrimitives.ReadUInt32BigEndian(start) == QcowLayout.Magic && BinaryPrimitives.ReadUInt32BigEndian(start[4..]) == 1;
    }

    /// <inheritdoc/>
    internal override DiskImage Open(IImageFiles files, IFormatSet formats)
    {
        var header = QcowHeader.Read(files.Image);
        var backing = header.BackingFile is null ? null : ParentChain.OpenBacking(files, formats, header.BackingFile, null);
        try
        {
            return new QcowImage(files.Image, header, backing);
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
        options.AllowOnly(Format, compression: true, largeSectors: true);
        return new QcowWriter(output, virtualSize, options.Compression);
    }
}
