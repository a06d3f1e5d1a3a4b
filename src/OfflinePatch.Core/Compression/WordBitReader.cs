using System.Buffers.Binary;

namespace OfflinePatch.Core.Compression;

/// <summary>
/// The bit stream of XPRESS-Huffman and LZX: 16-bit little-endian words, the most significant bit first, with whole bytes mixed in between
/// words. Reading past the end yields zeros and sets <see cref="Overrun"/>: decoders read ahead, so only bits that were really used count.
/// </summary>
public ref struct WordBitReader
{
    private readonly ReadOnlySpan<byte> _input;
    private int _next;
    private uint _bits; // the next bits, left-aligned
    private int _count;
    private int _phantom; // bits after the end of the input that were handed out as zeros

    /// <param name="input">The bytes.</param>
    /// <param name="start">Where the first word begins.</param>
    public WordBitReader(ReadOnlySpan<byte> input, int start)
    {
        _input = input;
        _next = start;
        _bits = 0;
        _count = 0;
        _phantom = 0;
    }

    /// <summary>Next byte that was not yet loaded.</summary>
    public readonly int Position => _next;

    /// <summary>True once bits or bytes after the end were consumed.</summary>
    public readonly bool Overrun => _phantom > _count;

    /// <summary>Makes sure that <paramref name="count"/> (0 to 16) bits are loaded.</summary>
    public void Ensure(int count)
    {
        if (_count >= count)
        {
            return;
        }

        uint word = 0;
        if (_next + 2 <= _input.Length)
        {
            word = BinaryPrimitives.ReadUInt16LittleEndian(_input[_next..]);
            _next += 2;
        }
        else
        {
            _next = _input.Length;
            _phantom += 16;
        }

        _bits |= word << (16 - _count);
        _count += 16;
    }

    /// <summary>The next <paramref name="count"/> (1 to 16) bits, without consuming them. They must be loaded.</summary>
    public readonly uint Peek(int count) => _bits >> (32 - count);

    /// <summary>Consumes loaded bits.</summary>
    public void Skip(int count)
    {
        _bits = unchecked(_bits << count);
        _count -= count;
    }

    /// <summary>Consumes <paramref name="count"/> (0 to 16) bits.</summary>
    public uint Read(int count)
    {
        if (count == 0)
        {
            return 0;
        }

        Ensure(count);
        var value = Peek(count);
        Skip(count);
        return value;
    }

    /// <summary>The next byte after the loaded words.</summary>
    public int ReadByte()
    {
        if (_next < _input.Length)
        {
            return _input[_next++];
        }

        _phantom += 64;
        return 0;
    }

    /// <summary>The next two bytes after the loaded words.</summary>
    public int ReadUInt16()
    {
        var low = ReadByte();
        return low | (ReadByte() << 8);
    }

    /// <summary>The next four bytes after the loaded words.</summary>
    public uint ReadUInt32()
    {
        var low = (uint)ReadUInt16();
        return low | ((uint)ReadUInt16() << 16);
    }

    /// <summary>Goes past the next byte after the loaded words, if there is one.</summary>
    public void SkipByte() => _next = Math.Min(_next + 1, _input.Length);

    /// <summary>Copies bytes from after the loaded words.</summary>
    public bool TryReadBytes(scoped Span<byte> target)
    {
        if (target.Length > _input.Length - _next)
        {
            return false;
        }

        _input.Slice(_next, target.Length).CopyTo(target);
        _next += target.Length;
        return true;
    }

    /// <summary>
    /// Drops 1 to 16 bits up to the next word, as an LZX uncompressed block asks for, and forgets words that were only read ahead.
    /// </summary>
    public void AlignToWord()
    {
        Ensure(1);
        var padding = _count % 16;
        Skip(padding == 0 ? 16 : padding);
        if (_count == 16 && _phantom == 0)
        {
            _next -= 2;
        }

        _bits = 0;
        _count = 0;
    }
}
