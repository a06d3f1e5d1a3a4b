namespace OfflinePatch.Core.Compression;

/// <summary>
/// A canonical prefix code of at most 16 bits per symbol, as XPRESS-Huffman and LZX build it from code lengths: shorter codes first, then
/// by symbol.
/// </summary>
public sealed class PrefixCode
{
    /// <summary>Longest code word in bits.</summary>
    public const int MaxLength = 16;

    private const int FastBits = 10;

    private readonly ushort[] _fast = new ushort[1 << FastBits]; // symbol * 32 + length; length 0: a longer code
    private readonly ushort[] _sorted;
    private readonly int[] _firstCode = new int[MaxLength + 1];
    private readonly int[] _firstIndex = new int[MaxLength + 1];
    private readonly int[] _count = new int[MaxLength + 1];

    /// <param name="symbols">Symbols of the alphabet, at most 1024.</param>
    public PrefixCode(int symbols) => _sorted = new ushort[symbols];

    /// <summary>True: no symbol has a code. Such a code is legal until it is used.</summary>
    public bool IsEmpty { get; private set; }

    /// <summary>Builds the code. False: the lengths are over- or under-subscribed.</summary>
    public bool TryBuild(ReadOnlySpan<byte> lengths)
    {
        Array.Clear(_count);
        foreach (var length in lengths)
        {
            if (length > MaxLength)
            {
                return false;
            }

            _count[length]++;
        }

        IsEmpty = _count[0] == lengths.Length;
        _count[0] = 0;
        var code = 0;
        var index = 0;
        for (var length = 1; length <= MaxLength; length++)
        {
            code <<= 1;
            _firstCode[length] = code;
            _firstIndex[length] = index;
            code += _count[length];
            index += _count[length];
            if (code > 1 << length)
            {
                return false;
            }
        }

        if (!IsEmpty && code != 1 << MaxLength)
        {
            return false;
        }

        Span<int> next = stackalloc int[MaxLength + 1];
        _firstIndex.CopyTo(next);
        for (var symbol = 0; symbol < lengths.Length; symbol++)
        {
            if (lengths[symbol] != 0)
            {
                _sorted[next[lengths[symbol]]++] = (ushort)symbol;
            }
        }

        FillFastTable();
        return true;
    }

    /// <summary>Decodes one symbol; -1 when the code is empty or the bits are no code word.</summary>
    public int Decode(ref WordBitReader reader)
    {
        reader.Ensure(MaxLength);
        int entry = _fast[reader.Peek(FastBits)];
        if (entry != 0)
        {
            reader.Skip(entry & 31);
            return entry >> 5;
        }

        for (var length = FastBits + 1; length <= MaxLength; length++)
        {
            var offset = (int)reader.Peek(length) - _firstCode[length];
            if (offset >= 0 && offset < _count[length])
            {
                reader.Skip(length);
                return _sorted[_firstIndex[length] + offset];
            }
        }

        return -1;
    }

    private void FillFastTable()
    {
        Array.Clear(_fast);
        for (var length = 1; length <= FastBits; length++)
        {
            for (var i = 0; i < _count[length]; i++)
            {
                var entry = (ushort)((_sorted[_firstIndex[length] + i] << 5) | length);
                _fast.AsSpan((_firstCode[length] + i) << (FastBits - length), 1 << (FastBits - length)).Fill(entry);
            }
        }
    }
}
