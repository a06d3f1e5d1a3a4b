using OfflinePatch.Core;
using ZstdSharp;

namespace OfflinePatch.Disks.Packages;

/// <summary>Zstandard (RFC 8878), one frame or several. Windows up to 128 MiB, what <c>zstd -d</c> takes without an option.</summary>
internal sealed class ZstdPackage : CompressedPackage
{
    /// <inheritdoc/>
    protected override string Kind => "zstd";

    /// <inheritdoc/>
    protected override ReadOnlySpan<byte> Magic => [0x28, 0xB5, 0x2F, 0xFD];

    /// <inheritdoc/>
    protected override void Unpack(IImageFiles files, TemporaryFileDevice output)
    {
        try
        {
            using var decoder = new DecompressionStream(new DeviceStream(files.Image));
            Copy(files, decoder, output);
        }
        catch (Exception e) when (e is ZstdException or EndOfStreamException)
        {
            throw PackageError.Damaged(files.ImagePath, Kind,
                e is EndOfStreamException ? "the end of the file inside a frame" : $"damaged data ({e.Message})");
        }
    }
}
