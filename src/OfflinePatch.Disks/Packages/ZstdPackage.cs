using OfflinePatch.Core;
using ZstdSharp;

namespace OfflinePatch.Disks.Packages;

/// <summary>
/// Zstandard (RFC 8878), one frame or several, with skippable frames between and before them (pzstd). Windows up to 128 MiB, what
/// <c>zstd -d</c> takes without an option.
/// </summary>
internal sealed class ZstdPackage : CompressedPackage
{
    // RFC 8878 §3.1.2: u32 0x184D2A5?, u32 bytes that follow.
    private const uint SkippableMagic = 0x184D2A50;
    private const uint SkippableMask = 0xFFFFFFF0;
    private const int SkippableHeaderBytes = 8;
    private const int MaxSkippableFrames = 16; // before the first frame of data; pzstd writes one

    /// <inheritdoc/>
    protected override string Kind => "zstd";

    /// <inheritdoc/>
    protected override ReadOnlySpan<byte> Magic => [0x28, 0xB5, 0x2F, 0xFD];

    /// <inheritdoc/>
    public override bool Probe(IImageFiles files)
    {
        // LZ4 has the same skippable frames: what follows them says which of the two it is.
        var offset = 0L;
        for (var count = 0; count < MaxSkippableFrames; count++)
        {
            var start = new byte[SkippableHeaderBytes];
            if (offset > files.Image.Length - start.Length)
            {
                return false;
            }

            files.Image.Read(offset, start);
            if (start.AsSpan().StartsWith(Magic))
            {
                return true;
            }

            if ((LittleEndian.U32(start, 0) & SkippableMask) != SkippableMagic)
            {
                return false;
            }

            offset += start.Length + (long)LittleEndian.U32(start, 4);
        }

        return false;
    }

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
