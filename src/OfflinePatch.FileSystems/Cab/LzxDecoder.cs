using System.Buffers.Binary;

namespace OfflinePatch.FileSystems.Cab;

/// <summary>
/// LZX as cabinets hold it: one stream per folder, cut into frames of 32,768 bytes that each fill one data block, a window of 2^15 to 2^21
/// bytes,
/// and calls of x86 programs turned into absolute addresses ("E8 translation"). Source: [MS-PATCH] 2 and [MS-CAB] 1; the order of bits and
/// the
/// translation were checked against streams that cabextract unpacks. The variant of WIM files differs: it has no frames, and block lengths
/// of its own.
/// </summary>
internal sealed class LzxDecoder
{
    private const int FrameSize = 0x8000;
    private const int LiteralCount = 256;
    private const int PrimaryLengths = 7; // lengths 2 to 8 are part of the main symbol; 7 there means: see the length code
    private const int LengthSymbols = 249;
    private const int TranslatedFrames = 32_768; // E8 translation covers the first GiB
    private const int MinMatch = 2;

    private static readonly int[] ExtraBits = [.. Enumerable.Range(0, 51).Select(slot => slot < 4 ? 0 : slot < 36 ? (slot / 2) - 1 : 17)];
    private static readonly int[] PositionBase = CreatePositionBase();

    private readonly byte[] _window;
    private readonly LzxCode _main;
    private readonly LzxCode _length = new(LengthSymbols);
    private readonly LzxCode _aligned = new(8);
    private readonly LzxCode _pretree = new(20);
    private readonly int[] _recent = [1, 1, 1];

    private int _position; // in the window
    private int _frameStart; // in the window
    private long _total; // bytes before this frame
    private int _frames;
    private bool _hasHeader;
    private int _translationSize;
    private BlockType _type;
    private int _blockLeft;
    private bool _isOddPlain;

    /// <param name="windowBits">15 to 21.</param>
    public LzxDecoder(int windowBits)
    {
        if (windowBits is < 15 or > 21)
        {
            throw CabError.BadLzx("a window of 2^15 to 2^21 bytes", $"2^{windowBits}");
        }

        _window = new byte[1 << windowBits];
        var slots = windowBits switch { 20 => 42, 21 => 50, _ => windowBits * 2 };
        _main = new LzxCode(LiteralCount + (slots * 8));
    }

    private enum BlockType
    {
        None = 0,
        Verbatim = 1,
        Aligned = 2,
        Plain = 3,
    }

    /// <summary>Unpacks the next frame.</summary>
    /// <param name="packed">The content of one data block.</param>
    /// <param name="length">Bytes that it unpacks to: 32,768, the last frame fewer.</param>
    public byte[] DecodeFrame(ReadOnlySpan<byte> packed, int length)
    {
        if (_total % FrameSize != 0)
        {
            throw CabError.BadLzx("a short frame at the end alone", "one before");
        }

        var bits = new LzxBitReader(packed);
        _frameStart = _position;
        if (!_hasHeader)
        {
            _translationSize = bits.Read(1) == 0 ? 0 : (int)Math.Min(int.MaxValue, bits.ReadLong(32));
            _hasHeader = true;
        }

        for (var left = length; left > 0;)
        {
            if (_blockLeft == 0)
            {
                StartBlock(ref bits);
            }

            var run = Math.Min(left, _blockLeft);
            if (_type == BlockType.Plain)
            {
                bits.ReadBytes(_window.AsSpan(_position, run));
                _position += run;
            }
            else
            {
                DecodeRun(ref bits, run);
            }

            left -= run;
            _blockLeft -= run;
            if (_blockLeft == 0 && _isOddPlain)
            {
                bits.SkipByte();
                _isOddPlain = false;
            }
        }

        var frame = _window.AsSpan(_position - length, length).ToArray();
        _position = _position == _window.Length ? 0 : _position;
        if (_translationSize != 0 && _frames < TranslatedFrames)
        {
            Translate(frame, _total, _translationSize);
        }

        _total += length;
        _frames++;
        return frame;
    }

    private void StartBlock(ref LzxBitReader bits)
    {
        _type = (BlockType)bits.Read(3);
        _blockLeft = (int)bits.ReadLong(24);
        if (_type is not (BlockType.Verbatim or BlockType.Aligned or BlockType.Plain) || _blockLeft == 0)
        {
            throw CabError.BadLzx("a block of type 1 to 3 that is not empty", $"type {(int)_type}, {_blockLeft} bytes");
        }

        if (_type == BlockType.Plain)
        {
            Span<byte> recent = stackalloc byte[12];
            bits.AlignPast();
            bits.ReadBytes(recent);
            for (var i = 0; i < 3; i++)
            {
                _recent[i] = BinaryPrimitives.ReadInt32LittleEndian(recent[(i * 4)..]);
            }

            _isOddPlain = (_blockLeft & 1) != 0;
            return;
        }

        if (_type == BlockType.Aligned)
        {
            for (var i = 0; i < _aligned.Lengths.Length; i++)
            {
                _aligned.Lengths[i] = (byte)bits.Read(3);
            }

            _aligned.Build();
        }

        ReadLengths(ref bits, _main.Lengths.AsSpan(0, LiteralCount));
        ReadLengths(ref bits, _main.Lengths.AsSpan(LiteralCount));
        _main.Build();
        ReadLengths(ref bits, _length.Lengths);
        _length.Build();
    }

    /// <summary>Code lengths are stored as differences from those of the block before, packed by a code of their own.</summary>
    private void ReadLengths(ref LzxBitReader bits, Span<byte> lengths)
    {
        for (var i = 0; i < _pretree.Lengths.Length; i++)
        {
            _pretree.Lengths[i] = (byte)bits.Read(4);
        }

        _pretree.Build();
        for (var i = 0; i < lengths.Length;)
        {
            var symbol = _pretree.Read(ref bits);
            if (symbol <= 16)
            {
                lengths[i] = (byte)((lengths[i] + 17 - symbol) % 17);
                i++;
                continue;
            }

            var run = symbol switch { 17 => (int)bits.Read(4) + 4, 18 => (int)bits.Read(5) + 20, _ => (int)bits.Read(1) + 4 };
            var value = (byte)0;
            if (symbol == 19)
            {
                var difference = _pretree.Read(ref bits);
                if (difference > 16)
                {
                    throw CabError.BadLzx("a difference of 0 to 16", $"{difference}");
                }

                value = (byte)((lengths[i] + 17 - difference) % 17);
            }

            if (run > lengths.Length - i)
            {
                throw CabError.BadLzx($"a run inside {lengths.Length} lengths", "a longer one");
            }

            lengths.Slice(i, run).Fill(value);
            i += run;
        }
    }

    private void DecodeRun(ref LzxBitReader bits, int run)
    {
        while (run > 0)
        {
            var symbol = _main.Read(ref bits);
            if (symbol < LiteralCount)
            {
                _window[_position++] = (byte)symbol;
                run--;
                continue;
            }

            symbol -= LiteralCount;
            var length = symbol % 8;
            if (length == PrimaryLengths)
            {
                length += _length.Read(ref bits);
            }

            length += MinMatch;
            var distance = ReadDistance(ref bits, symbol / 8);
            if (length > run || distance < 1 || distance > _window.Length || distance > _total + (_position - _frameStart))
            {
                throw CabError.BadLzx($"a match of at most {run} bytes, no further back than the stream reaches",
                    $"{length} bytes from {distance} back");
            }

            Copy(distance, length);
            run -= length;
        }
    }

    private int ReadDistance(ref LzxBitReader bits, int slot)
    {
        int distance;
        if (slot < 3)
        {
            distance = _recent[slot];
            _recent[slot] = _recent[0];
            _recent[0] = distance;
            return distance;
        }

        var extra = ExtraBits[slot];
        distance = PositionBase[slot] - 2;
        if (_type == BlockType.Aligned && extra >= 3)
        {
            distance += (int)bits.ReadLong(extra - 3) << 3;
            distance += _aligned.Read(ref bits);
        }
        else
        {
            distance += (int)bits.ReadLong(extra);
        }

        _recent[2] = _recent[1];
        _recent[1] = _recent[0];
        _recent[0] = distance;
        return distance;
    }

    private void Copy(int distance, int length)
    {
        var from = _position - distance;
        from = from < 0 ? from + _window.Length : from;
        if (from + length <= _window.Length && distance >= length)
        {
            _window.AsSpan(from, length).CopyTo(_window.AsSpan(_position));
            _position += length;
            return;
        }

        for (var i = 0; i < length; i++)
        {
            _window[_position++] = _window[from++];
            from = from == _window.Length ? 0 : from;
        }
    }

    /// <summary>
    /// Turns the absolute addresses after E8 bytes back into the relative ones of a CALL instruction; the last ten bytes of a frame stay.
    /// </summary>
    private static void Translate(Span<byte> frame, long start, int size)
    {
        for (var i = 0; i < frame.Length - 10;)
        {
            if (frame[i] != 0xE8)
            {
                i++;
                continue;
            }

            var here = start + i;
            long absolute = BinaryPrimitives.ReadInt32LittleEndian(frame[(i + 1)..]);
            if (absolute >= -here && absolute < size)
            {
                var relative = absolute >= 0 ? absolute - here : absolute + size;
                BinaryPrimitives.WriteInt32LittleEndian(frame[(i + 1)..], (int)relative);
            }

            i += 5;
        }
    }

    private static int[] CreatePositionBase()
    {
        var result = new int[51];
        for (var slot = 1; slot < result.Length; slot++)
        {
            result[slot] = result[slot - 1] + (1 << ExtraBits[slot - 1]);
        }

        return result;
    }
}
