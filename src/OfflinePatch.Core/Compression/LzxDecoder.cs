using System.Buffers.Binary;

namespace OfflinePatch.Core.Compression;

/// <summary>
/// LZX: matches in a window of 2^15 to 2^21 bytes, prefix codes that are stored as differences to those of the block before, three recent
/// distances, and calls of x86 programs turned into absolute addresses ("E8 translation"). Instances are not safe for several threads.
/// </summary>
public sealed class LzxDecoder
{
    /// <summary>Plain bytes of a full frame.</summary>
    public const int FrameSize = 32768;

    private const int Literals = 256;
    private const int LengthSymbols = 249;
    private const int PreSymbols = 20;
    private const int AlignedSymbols = 8;
    private const int LongestLengthHeader = 7; // lengths 2 to 8 are part of the main symbol; 7 there means: see the length code
    private const int MinMatch = 2;
    private const int Recents = 3;
    private const int TranslatedFrames = 32_768; // in cabinets: the first GiB
    private const int WimTranslationSize = 12_000_000;
    private const int TranslationTail = 10; // bytes at the end of a frame that are not translated

    private readonly LzxVariant _variant;
    private readonly byte[] _window;
    private readonly PrefixCode _main;
    private readonly PrefixCode _length = new(LengthSymbols);
    private readonly PrefixCode _pre = new(PreSymbols);
    private readonly PrefixCode _aligned = new(AlignedSymbols);
    private readonly byte[] _mainLengths;
    private readonly byte[] _lengthLengths = new byte[LengthSymbols];
    private readonly int[] _recent = new int[Recents];

    private int _position; // in the window
    private long _total; // plain bytes so far
    private int _frames;
    private int _translationSize;
    private BlockType _type;
    private int _blockLeft;
    private bool _isOddPlain;

    /// <param name="variant">Whose data.</param>
    /// <param name="windowBits">15 to 21: the window has 2 to that power of bytes.</param>
    public LzxDecoder(LzxVariant variant, int windowBits = 15)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(windowBits, 15);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(windowBits, 21);
        _variant = variant;
        _window = new byte[1 << windowBits];
        var slots = windowBits switch { 20 => 42, 21 => 50, _ => windowBits * 2 };
        _mainLengths = new byte[Literals + (8 * slots)];
        _main = new PrefixCode(_mainLengths.Length);
        Reset();
    }

    private enum BlockType
    {
        None = 0,
        Verbatim = 1,
        Aligned = 2,
        Plain = 3,
    }

    /// <summary>Decodes the next frame; <paramref name="plain"/> (at most <see cref="FrameSize"/> bytes) is filled completely.</summary>
    /// <param name="packed">The compressed bytes of the frame.</param>
    /// <param name="plain">Receives the content. Of a cabinet only the last frame may be shorter than <see cref="FrameSize"/>.</param>
    /// <exception cref="LzxException">The data are damaged; the decoder cannot be used any more.</exception>
    public void DecodeFrame(ReadOnlySpan<byte> packed, Span<byte> plain)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plain.Length, FrameSize);
        if (_variant == LzxVariant.Wim)
        {
            Reset();
        }
        else if (_total % FrameSize != 0)
        {
            throw new LzxException(LzxFault.BlockSize, 0, "a short frame at the end alone", "one before");
        }

        var bits = new WordBitReader(packed, 0);
        if (_variant == LzxVariant.Cabinet && _frames == 0)
        {
            _translationSize = bits.Read(1) == 0 ? 0 : (int)Math.Min(int.MaxValue, (bits.Read(16) << 16) | bits.Read(16));
        }

        var start = _total;
        for (var left = plain.Length; left > 0;)
        {
            if (_blockLeft == 0)
            {
                StartBlock(ref bits, left);
            }

            var run = Math.Min(left, _blockLeft);
            if (_type == BlockType.Plain)
            {
                ReadPlain(ref bits, _window.AsSpan(_position, run));
                _position += run;
            }
            else
            {
                DecodeRun(ref bits, run);
            }

            RequireInput(in bits);
            _total += run;
            left -= run;
            _blockLeft -= run;
            if (_blockLeft == 0 && _isOddPlain)
            {
                bits.SkipByte();
                _isOddPlain = false;
            }
        }

        _window.AsSpan(_position - plain.Length, plain.Length).CopyTo(plain);
        _position = _position == _window.Length ? 0 : _position; // frames end where the window does
        if (_translationSize != 0 && _frames < TranslatedFrames)
        {
            Translate(plain, start, _translationSize);
        }

        _frames++;
    }

    private void Reset()
    {
        Array.Clear(_mainLengths);
        Array.Clear(_lengthLengths);
        Array.Fill(_recent, 1);
        _position = _frames = _blockLeft = 0;
        _total = 0;
        _isOddPlain = false;
        _translationSize = _variant == LzxVariant.Wim ? WimTranslationSize : 0;
    }

    private void StartBlock(ref WordBitReader bits, int room)
    {
        _type = (BlockType)bits.Read(3);
        _blockLeft = _variant == LzxVariant.Cabinet ? (int)((bits.Read(8) << 16) | bits.Read(16))
            : bits.Read(1) != 0 ? FrameSize
            : (int)bits.Read(16);
        RequireInput(in bits);
        if (_type is not (BlockType.Verbatim or BlockType.Aligned or BlockType.Plain))
        {
            throw new LzxException(LzxFault.BlockType, bits.Position, "block type 1, 2 or 3", $"{(int)_type}");
        }

        if (_blockLeft == 0 || (_variant == LzxVariant.Wim && _blockLeft > room))
        {
            throw new LzxException(LzxFault.BlockSize, bits.Position, $"a block of 1 to {room} bytes", $"{_blockLeft}");
        }

        if (_type == BlockType.Plain)
        {
            Span<byte> recent = stackalloc byte[Recents * 4];
            bits.AlignToWord();
            ReadPlain(ref bits, recent);
            for (var i = 0; i < Recents; i++)
            {
                _recent[i] = BinaryPrimitives.ReadInt32LittleEndian(recent[(i * 4)..]);
            }

            _isOddPlain = (_blockLeft & 1) != 0;
            return;
        }

        if (_type == BlockType.Aligned)
        {
            Span<byte> lengths = stackalloc byte[AlignedSymbols];
            foreach (ref var length in lengths)
            {
                length = (byte)bits.Read(3);
            }

            Build(_aligned, lengths, "aligned offset", bits.Position);
        }

        ReadLengths(ref bits, _mainLengths.AsSpan(0, Literals));
        ReadLengths(ref bits, _mainLengths.AsSpan(Literals));
        Build(_main, _mainLengths, "main", bits.Position);
        ReadLengths(ref bits, _lengthLengths);
        Build(_length, _lengthLengths, "length", bits.Position);
    }

    /// <summary>Code lengths are stored as differences to those of the block before, themselves in a prefix code with runs.</summary>
    private void ReadLengths(ref WordBitReader bits, Span<byte> lengths)
    {
        Span<byte> pre = stackalloc byte[PreSymbols];
        foreach (ref var length in pre)
        {
            length = (byte)bits.Read(4);
        }

        Build(_pre, pre, "pre-code", bits.Position);
        for (var i = 0; i < lengths.Length;)
        {
            var symbol = Decode(_pre, ref bits, "pre-code");
            var run = symbol switch { 17 => 4 + (int)bits.Read(4), 18 => 20 + (int)bits.Read(5), 19 => 4 + (int)bits.Read(1), _ => 1 };
            byte value = 0;
            if (symbol is not 17 and not 18)
            {
                var difference = symbol == 19 ? Decode(_pre, ref bits, "pre-code") : symbol;
                value = difference <= 16
                    ? (byte)((lengths[i] - difference + 17) % 17)
                    : throw new LzxException(LzxFault.CodeLengths, bits.Position, "a difference of 0 to 16", $"{difference}");
            }

            if (run > lengths.Length - i)
            {
                throw new LzxException(LzxFault.CodeRun, bits.Position, $"a run of at most {lengths.Length - i}", $"{run}");
            }

            lengths.Slice(i, run).Fill(value);
            i += run;
        }
    }

    private static void Build(PrefixCode code, ReadOnlySpan<byte> lengths, string name, int offset)
    {
        if (!code.TryBuild(lengths))
        {
            throw new LzxException(LzxFault.CodeLengths, offset, $"lengths that make a complete {name} code", "others");
        }
    }

    private static int Decode(PrefixCode code, ref WordBitReader bits, string name) => code.Decode(ref bits) is >= 0 and var symbol
        ? symbol
        : throw new LzxException(LzxFault.CodeLengths, bits.Position, $"a symbol of the {name} code", "bits that are none");

    private void DecodeRun(ref WordBitReader bits, int run)
    {
        var before = _total - _position; // the window holds what comes after
        for (var end = _position + run; _position < end;)
        {
            var symbol = Decode(_main, ref bits, "main");
            if (symbol < Literals)
            {
                _window[_position++] = (byte)symbol;
                continue;
            }

            symbol -= Literals;
            var length = symbol & LongestLengthHeader;
            if (length == LongestLengthHeader)
            {
                length += Decode(_length, ref bits, "length");
            }

            length += MinMatch;
            var distance = ReadDistance(ref bits, symbol >> 3);
            var reach = Math.Min(before + _position, _window.Length);
            if (distance < 1 || distance > reach)
            {
                throw new LzxException(LzxFault.MatchOutside, bits.Position,
                    $"a copy from 1 to {reach} bytes back", $"{distance}");
            }

            if (length > end - _position)
            {
                throw new LzxException(LzxFault.MatchTooLong, bits.Position, $"a copy of at most {end - _position} bytes", $"{length}");
            }

            Copy(distance, length);
        }
    }

    private int ReadDistance(ref WordBitReader bits, int slot)
    {
        int distance;
        if (slot < Recents)
        {
            distance = _recent[slot];
            _recent[slot] = _recent[0];
            _recent[0] = distance;
            return distance;
        }

        // Slot n stands for the distances from 2^(n/2) or 3 * 2^(n/2 - 1) on, with n / 2 - 1 more bits; from slot 36 on with 17.
        var extra = slot < 4 ? 0 : slot < 36 ? (slot >> 1) - 1 : 17;
        distance = (slot < 4 ? slot : slot < 36 ? (2 + (slot & 1)) << extra : (slot - 34) << 17) - 2;
        if (_type == BlockType.Aligned && extra >= 3)
        {
            distance += (int)bits.Read(extra - 3) << 3;
            distance += Decode(_aligned, ref bits, "aligned offset");
        }
        else
        {
            distance += (int)(extra <= 16 ? bits.Read(extra) : (bits.Read(1) << 16) | bits.Read(16));
        }

        _recent[2] = _recent[1];
        _recent[1] = _recent[0];
        _recent[0] = distance;
        return distance;
    }

    private void Copy(int distance, int length)
    {
        var from = _position - distance;
        if (from >= 0)
        {
            MatchCopy.Run(_window, _position, distance, length);
            _position += length;
            return;
        }

        from += _window.Length;
        for (var i = 0; i < length; i++)
        {
            _window[_position++] = _window[from++];
            from = from == _window.Length ? 0 : from;
        }
    }

    private static void ReadPlain(ref WordBitReader bits, scoped Span<byte> target)
    {
        if (!bits.TryReadBytes(target))
        {
            throw new LzxException(LzxFault.InputEnded, bits.Position, $"{target.Length} plain bytes", "the end of the frame");
        }
    }

    private static void RequireInput(in WordBitReader bits)
    {
        if (bits.Overrun)
        {
            throw new LzxException(LzxFault.InputEnded, bits.Position, "more compressed bytes", "the end of the frame");
        }
    }

    /// <summary>
    /// Turns the absolute addresses after E8 bytes back into the relative ones of a CALL instruction; not in a frame's last ten bytes.
    /// </summary>
    private static void Translate(Span<byte> frame, long start, int size)
    {
        for (var i = 0; i < frame.Length - TranslationTail;)
        {
            var next = frame[i..^TranslationTail].IndexOf((byte)0xE8);
            if (next < 0)
            {
                return;
            }

            i += next;
            var here = start + i;
            var target = frame.Slice(i + 1, 4);
            long absolute = BinaryPrimitives.ReadInt32LittleEndian(target);
            if (absolute >= -here && absolute < size)
            {
                BinaryPrimitives.WriteInt32LittleEndian(target, (int)(absolute >= 0 ? absolute - here : absolute + size));
            }

            i += 5;
        }
    }
}
