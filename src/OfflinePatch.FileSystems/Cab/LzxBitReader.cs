namespace OfflinePatch.FileSystems.Cab;

/// <summary>
/// The bits of one LZX frame: little-endian words of 16 bits, the highest bit first. Past the end it gives zeros, of which a stream needs
/// few.
/// </summary>
internal ref struct LzxBitReader(ReadOnlySpan<byte> bytes)
{
    private const int OverrunLimit = 8; // bytes past the end: a code is looked up in 16 bits, of which the last may not exist

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _position;
    private uint _bits; // the next bits, from the highest on
    private int _count;

    public uint Peek(int count)
    {
        Fill();
        return count == 0 ? 0 : _bits >> (32 - count);
    }

    public void Skip(int count)
    {
        _bits = count == 32 ? 0 : _bits << count;
        _count -= count;
    }

    /// <summary>At most 16 bits.</summary>
    public uint Read(int count)
    {
        var value = Peek(count);
        Skip(count);
        return value;
    }

    public uint ReadLong(int count) => count <= 16 ? Read(count) : (Read(count - 16) << 16) | Read(16);

    /// <summary>Goes to the next word; when it stands at one already, past it ([MS-PATCH] 2.3.1.3: 1 to 16 bits).</summary>
    public void AlignPast()
    {
        var rest = _count & 15;
        if (rest == 0)
        {
            Read(16);
        }
        else
        {
            Skip(rest);
        }
    }

    /// <summary>Takes whole bytes; the reader stands at a word.</summary>
    public void ReadBytes(scoped Span<byte> buffer)
    {
        // Words that were taken into the buffer are given back.
        _position -= _count / 8;
        _bits = 0;
        _count = 0;
        if (_position < 0 || _position > _bytes.Length || buffer.Length > _bytes.Length - _position)
        {
            throw CabError.BadLzx($"{buffer.Length} plain bytes", "the end of the frame");
        }

        _bytes.Slice(_position, buffer.Length).CopyTo(buffer);
        _position += buffer.Length;
    }

    public void SkipByte() => _position++;

    private void Fill()
    {
        while (_count <= 16)
        {
            if (_position > _bytes.Length + OverrunLimit)
            {
                throw CabError.BadLzx("bits that end with the frame", "more codes than it holds");
            }

            var low = _position < _bytes.Length ? _bytes[_position] : (byte)0;
            var high = _position + 1 < _bytes.Length ? _bytes[_position + 1] : (byte)0;
            _position += 2;
            _bits |= (uint)(low | (high << 8)) << (16 - _count);
            _count += 16;
        }
    }
}
