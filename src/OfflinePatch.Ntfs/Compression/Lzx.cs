using OfflinePatch.Core;
using OfflinePatch.Core.Compression;

namespace OfflinePatch.Ntfs.Compression;

/// <summary>A chunk of CompactOS in LZX; its errors in the terms of the volume.</summary>
internal sealed class Lzx
{
    /// <summary>Plain bytes of a full chunk, and the window.</summary>
    public const int ChunkSize = LzxDecoder.FrameSize;

    private readonly LzxDecoder _decoder = new(LzxVariant.Wim);

    /// <summary>Decodes one chunk; <paramref name="plain"/> (at most <see cref="ChunkSize"/> bytes) is filled completely.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-5110</c> to <c>NTFS-5122</c>.</exception>
    public void Decompress(ReadOnlySpan<byte> compressed, Span<byte> plain)
    {
        try
        {
            _decoder.DecodeFrame(compressed, plain);
        }
        catch (LzxException e)
        {
            throw CompressionError.Lzx(e);
        }
    }
}
