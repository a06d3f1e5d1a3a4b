using OfflinePatch.Core;

namespace OfflinePatch.Disks.Zvhd;

/// <summary>ZVHD: Huawei's stream of compressed blocks.</summary>
internal sealed class ZvhdFormat : DiskFormat
{
    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Zvhd;

    /// <inheritdoc/>
    public override string? QemuName => null;

    /// <inheritdoc/>
    public override bool Compresses(string? variant, string compression) => compression == "zlib";

    /// <inheritdoc/>
    public override bool Probe(BlockDevice file) => HasHeader(file, ZvhdLayout.Cookie);

    /// <inheritdoc/>
    internal override DiskImage Open(IImageFiles files, IFormatSet formats) => ZvhdImage.Open(files);

    /// <inheritdoc/>
    public override DiskWriter CreateWriter(ResizableDevice output, long virtualSize, DiskWriterOptions options)
    {
        options.AllowOnly(Format, compression: options.Compression == "zlib");
        return new ZvhdWriter(output, virtualSize, options.Identity);
    }

    /// <summary>Whether the file starts with a header of this cookie. The cookie alone is a word that text can start with.</summary>
    internal static bool HasHeader(BlockDevice file, ReadOnlySpan<byte> cookie)
    {
        if (file.Length < ZvhdLayout.HeaderBytes)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[ZvhdLayout.HeaderBytes];
        file.Read(0, bytes);
        return ZvhdHeader.TryCreate(bytes, cookie, out _);
    }
}
