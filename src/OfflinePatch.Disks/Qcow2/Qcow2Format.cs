using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Qcow2;

/// <summary>QCOW2, versions 2 and 3.</summary>
internal sealed class Qcow2Format : DiskFormat
{
    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Qcow2;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Variants => ["v3"];

    /// <inheritdoc/>
    public override bool Compresses(string? variant, string compression) => true;

    /// <inheritdoc/>
    public override bool Probe(BlockDevice file)
    {
        if (file.Length < 8)
        {
            return false;
        }

        Span<byte> start = stackalloc byte[8];
        file.Read(0, start);

        // Version 1 is another format (QCOW); an unknown version is refused by number when the image is opened.
        return BinaryPrimitives.ReadUInt32BigEndian(start) == Qcow2Layout.Magic && BinaryPrimitives.ReadUInt32BigEndian(start[4..]) != 1;
    }

    /// <inheritdoc/>
    internal override DiskImage Open(IImageFiles files, IFormatSet formats) => Qcow2Image.Open(files, formats);

    /// <inheritdoc/>
    public override DiskWriter CreateWriter(ResizableDevice output, long virtualSize, DiskWriterOptions options)
    {
        options.AllowOnly(Format, subformat: true, compression: true, largeSectors: true);
        return options.Subformat is null or "v3" ? new Qcow2Writer(output, virtualSize, options.Compression)
            : throw Qcow2Error.Subformat(options.Subformat);
    }
}
