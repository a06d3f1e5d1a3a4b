using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Compression;

/// <summary>
/// LZX with a window of 32 KiB, in the variant of WIM files and CompactOS: every chunk of up to 32 KiB stands alone (fresh codes, fresh
/// recent distances),
/// a set bit stands for a block of 32,768 bytes, and addresses of x86 calls are always translated back.
/// Source: MS-PATCH 2.x / the CAB SDK's LZX description for the blocks; [MS-WIM]-style differences as wimlib documents them.
/// </summary>
internal sealed class Lzx
{
    /// <summary>Plain bytes of a full chunk, and the window.</summary>
    public const int ChunkSize = 32768;

    private const string Structure = "LZX block";
    private const int Literals = 256;
    private const int PositionSlots = 30;
    private const int MainSymbols = Literals + (8 * PositionSlots);
    private const int LengthSymbols = 249;
    private const int PreSymbols = 20;
    private const int AlignedSymbols = 8;
    private const int LongestLengthHeader = 7;
    private const int MinimumMatch = 2;
    private const int CallTranslationSize = 12_000_000;

    private readonly PrefixCode _main = new(MainSymbols);
    private readonly PrefixCode _length = new(LengthSymbols);
    private readonly PrefixCode _pre = new(PreSymbols);
    private readonly PrefixCode _aligned = new(AlignedSymbols);
    private readonly byte[] _mainLengths = new byte[MainSymbols];
    private readonly byte[] _lengthLengths = new byte[LengthSymbols];
    private int _recent0;
    private int _recent1;
    private int _recent2;

    private enum BlockType
    {
        Verbatim = 1,
        Aligned = 2,
        Uncompressed = 3,
    }

    /// <summary>Decodes one chunk; <paramref name="plain"/> (at most <see cref="ChunkSize"/> bytes) is filled completely.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-5110</c> to <c>NTFS-5122</c>.</exception>
    public void Decompress(ReadOnlySpan<byte> compressed, Span<byte> plain)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plain.Length, ChunkSize);
        Array.Clear(_mainLengths);
        Array.Clear(_lengthLengths);
        _recent0 = _recent1 = _recent2 = 1;
        var reader = new WordBitReader(compressed, 0);
        var written = 0;
        while (written < plain.Length)
        {
            var type = (BlockType)reader.Read(3);
            var size = reader.Read(1) != 0 ? ChunkSize : (int)reader.Read(16);
            if (reader.Overrun)
            {
                throw CompressionError.InputEnded(Structure, compressed.Length);
            }

            if (size == 0 || size > plain.Length - written)
            {
                throw CompressionError.LzxBlockSize(reader.Position, size, plain.Length - written);
            }

            switch (type)
            {
                case BlockType.Verbatim:
                case BlockType.Aligned:
                    ReadCodes(ref reader, type == BlockType.Aligned);
                    DecodeBlock(ref reader, plain, written, written + size, type == BlockType.Aligned);
                    break;
                case BlockType.Uncompressed:
                    CopyBlock(ref reader, plain.Slice(written, size));
                    break;
                default:
                    throw CompressionError.LzxBlockType(reader.Position, (int)type);
            }

            if (reader.Overrun)
            {
                throw CompressionError.InputEnded(Structure, compressed.Length);
            }

            written += size;
        }

        TranslateCalls(plain);
    }

    private void ReadCodes(ref WordBitReader reader, bool aligned)
    {
        if (aligned)
        {
            Span<byte> lengths = stackalloc byte[AlignedSymbols];
            for (var i = 0; i < AlignedSymbols; i++)
            {
                lengths[i] = (byte)reader.Read(3);
            }

            Build(_aligned, lengths, "LZX aligned offset code", reader.Position);
        }

        ReadLengths(ref reader, _mainLengths.AsSpan(0, Literals));
        ReadLengths(ref reader, _mainLengths.AsSpan(Literals));
        Build(_main, _mainLengths, "LZX main code", reader.Position);
        ReadLengths(ref reader, _lengthLengths);
        Build(_length, _lengthLengths, "LZX length code", reader.Position);
    }

    private static void Build(PrefixCode code, ReadOnlySpan<byte> lengths, string structure, int offset)
    {
        if (!code.TryBuild(lengths))
        {
            throw CompressionError.CodeLengths(structure, offset, "others");
        }
    }

    /// <summary>Code lengths are stored as differences to those of the block before, themselves in a prefix code with runs.</summary>
    private void ReadLengths(ref WordBitReader reader, Span<byte> lengths)
    {
        Span<byte> pre = stackalloc byte[PreSymbols];
        for (var i = 0; i < PreSymbols; i++)
        {
            pre[i] = (byte)reader.Read(4);
        }

        Build(_pre, pre, "LZX pre-code", reader.Position);
        for (var i = 0; i < lengths.Length;)
        {
            var symbol = _pre.Decode(ref reader);
            var run = 1;
            byte value = 0;
            switch (symbol)
            {
                case 17:
                    run = 4 + (int)reader.Read(4);
                    break;
                case 18:
                    run = 20 + (int)reader.Read(5);
                    break;
                case 19:
                    run = 4 + (int)reader.Read(1);
                    symbol = _pre.Decode(ref reader);
                    if (symbol is < 0 or > 16)
                    {
                        throw CompressionError.CodeLengths("LZX pre-code", reader.Position, $"symbol {symbol} after a run");
                    }

                    value = Difference(lengths[i], symbol);
                    break;
                case < 0:
                    throw CompressionError.CodeLengths("LZX pre-code", reader.Position, "an empty code");
                default:
                    value = Difference(lengths[i], symbol);
                    break;
            }

            // Some writers let the last run pass the end by what the next part would take; WIM writers do not.
            if (run > lengths.Length - i)
            {
                throw CompressionError.LzxCodeRun(reader.Position, run, lengths.Length - i);
            }

            lengths.Slice(i, run).Fill(value);
            i += run;
        }
    }

    private static byte Difference(byte previous, int symbol) => (byte)((previous - symbol + 17) % 17);

    private void DecodeBlock(ref WordBitReader reader, Span<byte> plain, int written, int end, bool aligned)
    {
        while (written < end)
        {
            var symbol = _main.Decode(ref reader);
            if (symbol < 0)
            {
                throw CompressionError.CodeLengths("LZX main code", reader.Position, "an empty code");
            }

            if (symbol < Literals)
            {
                plain[written++] = (byte)symbol;
                continue;
            }

            symbol -= Literals;
            var length = symbol & LongestLengthHeader;
            if (length == LongestLengthHeader)
            {
                var more = _length.Decode(ref reader);
                if (more < 0)
                {
                    throw CompressionError.CodeLengths("LZX length code", reader.Position, "an empty code");
                }

                length += more;
            }

            length += MinimumMatch;
            var distance = ReadDistance(ref reader, symbol >> 3, aligned);
            if (distance <= 0 || distance > written)
            {
                throw CompressionError.MatchOutside(Structure, reader.Position, distance, written);
            }

            if (length > end - written)
            {
                throw CompressionError.MatchTooLong(Structure, reader.Position, length, end - written);
            }

            MatchCopy.Run(plain, written, distance, length);
            written += length;
        }
    }

    private int ReadDistance(ref WordBitReader reader, int slot, bool aligned)
    {
        int distance;
        switch (slot)
        {
            case 0:
                return _recent0;
            case 1:
                distance = _recent1;
                _recent1 = _recent0;
                _recent0 = distance;
                return distance;
            case 2:
                distance = _recent2;
                _recent2 = _recent0;
                _recent0 = distance;
                return distance;
            default:
                // Slot n ≥ 4 stands for the distances that start with the bits 1x: base (2 + (n & 1)) << extra, with extra = n / 2 - 1
                // more
                // bits.
                var extra = slot < 4 ? 0 : (slot >> 1) - 1;
                var first = slot < 4 ? slot : (2 + (slot & 1)) << extra;
                if (aligned && extra >= 3)
                {
                    distance = first + ((int)reader.Read(extra - 3) << 3);
                    var low = _aligned.Decode(ref reader);
                    if (low < 0)
                    {
                        throw CompressionError.CodeLengths("LZX aligned offset code", reader.Position, "an empty code");
                    }

                    distance += low;
                }
                else
                {
                    distance = first + (int)reader.Read(extra);
                }

                distance -= 2;
                _recent2 = _recent1;
                _recent1 = _recent0;
                _recent0 = distance;
                return distance;
        }
    }

    private void CopyBlock(ref WordBitReader reader, Span<byte> target)
    {
        reader.AlignToWord();
        _recent0 = ReadRecent(ref reader);
        _recent1 = ReadRecent(ref reader);
        _recent2 = ReadRecent(ref reader);
        if (!reader.TryReadBytes(target))
        {
            throw CompressionError.InputEnded(Structure, reader.Position);
        }

        if ((target.Length & 1) != 0)
        {
            _ = reader.ReadByte();
        }
    }

    private static int ReadRecent(ref WordBitReader reader)
    {
        var value = reader.ReadUInt32();
        return value is > 0 and <= ChunkSize
            ? (int)value
            : throw CompressionError.MatchOutside(Structure, reader.Position, value, ChunkSize);
    }

    /// <summary>
    /// The writer replaced the relative target of each x86 call (E8) by an absolute one, as if the file had 12,000,000 bytes. The last 10
    /// bytes of a chunk are exempt.
    /// </summary>
    private static void TranslateCalls(Span<byte> plain)
    {
        for (var i = 0; i < plain.Length - 10;)
        {
            var next = plain[i..^10].IndexOf((byte)0xE8);
            if (next < 0)
            {
                return;
            }

            i += next;
            var target = plain.Slice(i + 1, 4);
            var absolute = BinaryPrimitives.ReadInt32LittleEndian(target);
            if (absolute >= 0)
            {
                if (absolute < CallTranslationSize)
                {
                    BinaryPrimitives.WriteInt32LittleEndian(target, absolute - i);
                }
            }
            else if (absolute >= -i)
            {
                BinaryPrimitives.WriteInt32LittleEndian(target, absolute + CallTranslationSize);
            }

            i += 5;
        }
    }
}
