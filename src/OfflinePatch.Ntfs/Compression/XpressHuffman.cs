using OfflinePatch.Core.Compression;

namespace OfflinePatch.Ntfs.Compression;

/// <summary>XPRESS with Huffman codes, as WIM files and CompactOS use it: every chunk stands alone. Source: MS-XCA 2.2.</summary>
internal sealed class XpressHuffman
{
    /// <summary>
    /// Bytes of the table of code lengths at the start of a chunk: 512 lengths of 4 bits, the even symbol in the low bits.
    /// </summary>
    public const int TableLength = 256;

    private const string Structure = "XPRESS chunk";
    private const int Symbols = 512;
    private const int Literals = 256;
    private const int MinimumMatch = 3;

    private readonly PrefixCode _code = new(Symbols);

    /// <summary>Decodes one chunk; <paramref name="plain"/> is filled completely.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-5110</c> to <c>NTFS-5113</c>.</exception>
    public void Decompress(ReadOnlySpan<byte> compressed, Span<byte> plain)
    {
        if (compressed.Length < TableLength)
        {
            throw CompressionError.InputEnded(Structure, compressed.Length);
        }

        Span<byte> lengths = stackalloc byte[Symbols];
        for (var i = 0; i < TableLength; i++)
        {
            lengths[2 * i] = (byte)(compressed[i] & 0x0F);
            lengths[(2 * i) + 1] = (byte)(compressed[i] >> 4);
        }

        if (!_code.TryBuild(lengths) || _code.IsEmpty)
        {
            throw CompressionError.CodeLengths(Structure, 0, "others");
        }

        var reader = new WordBitReader(compressed, TableLength);
        var written = 0;
        while (written < plain.Length)
        {
            var symbol = _code.Decode(ref reader);
            if (symbol < Literals)
            {
                plain[written++] = (byte)symbol;
                continue;
            }

            written += CopyMatch(ref reader, symbol - Literals, plain, written);
        }

        if (reader.Overrun)
        {
            throw CompressionError.InputEnded(Structure, compressed.Length);
        }
    }

    private static int CopyMatch(ref WordBitReader reader, int symbol, Span<byte> plain, int written)
    {
        // The distance bits come first in the bit stream, the long length in bytes after the words that are already loaded (MS-XCA 2.2.4).
        var distanceBits = symbol >> 4;
        reader.Ensure(16);
        var distance = (1 << distanceBits) | (int)reader.Read(distanceBits);
        long length = symbol & 15;
        if (length == 15)
        {
            length += reader.ReadByte();
            if (length == 15 + 255)
            {
                length = reader.ReadUInt16();
                if (length == 0)
                {
                    length = reader.ReadUInt32();
                }
            }
        }

        length += MinimumMatch;
        if (distance > written)
        {
            throw CompressionError.MatchOutside(Structure, reader.Position, distance, written);
        }

        if (length > plain.Length - written)
        {
            throw CompressionError.MatchTooLong(Structure, reader.Position, length, plain.Length - written);
        }

        MatchCopy.Run(plain, written, distance, (int)length);
        return (int)length;
    }
}
