using OfflinePatch.Core;

namespace OfflinePatch.Disks.Zvhd;

/// <summary>ZVHD2: Huawei's independently compressed blocks with an index.</summary>
internal sealed class Zvhd2Format : DiskFormat
{
    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Zvhd2;

    /// <inheritdoc/>
    public override string? QemuName => null;

    /// <inheritdoc/>
    public override bool Compresses(string? variant, string compression) => true;

    /// <inheritdoc/>
    public override bool Probe(BlockDevice file) => ZvhdFormat.HasHeader(file, ZvhdLayout.Cookie2);

    /// <inheritdoc/>
    internal override DiskImage Open(IImageFiles files, IFormatSet formats) => Zvhd2Image.Open(files);

    /// <summary>Compression <c>zstd</c> (default) or <c>zlib</c>.</summary>
    public override DiskWriter CreateWriter(ResizableDevice output, long virtualSize, DiskWriterOptions options)
    {
        options.AllowOnly(Format, compression: true);
        return new Zvhd2Writer(output, virtualSize, options.Compression, options.Identity);
    }
}
