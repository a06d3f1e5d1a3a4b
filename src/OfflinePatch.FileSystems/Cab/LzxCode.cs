namespace OfflinePatch.FileSystems.Cab;

/// <summary>A canonical Huffman code of at most 16 bits, decoded by one look into a table.</summary>
internal sealed class LzxCode(int symbols)
{
    private const ushort NoSymbol = 0xFFFF;

    private ushort[] _table = [];
    private int _tableBits;

    /// <summary>Bits of each symbol's code; 0: it does not occur.</summary>
    public byte[] Lengths { get; } = new byte[symbols];

    /// <summary>Whether no symbol occurs: legal as long as none is asked for.</summary>
    public bool IsEmpty => _tableBits == 0;

    /// <summary>Makes the table from <see cref="Lengths"/>.</summary>
    public void Build()
    {
        Span<int> counts = stackalloc int[17];
        counts.Clear();
        foreach (var length in Lengths)
        {
            counts[length]++;
        }

        _tableBits = 16;
        while (_tableBits > 0 && counts[_tableBits] == 0)
        {
            _tableBits--;
        }

        if (_table.Length < 1 << _tableBits)
        {
            _table = new ushort[1 << _tableBits];
        }

        var table = _table.AsSpan(0, 1 << _tableBits);
        table.Fill(NoSymbol);
        if (_tableBits == 0)
        {
            return;
        }

        var position = 0;
        for (var length = 1; length <= _tableBits; length++)
        {
            if (counts[length] == 0)
            {
                continue;
            }

            var span = 1 << (_tableBits - length);
            for (var symbol = 0; symbol < Lengths.Length; symbol++)
            {
                if (Lengths[symbol] != length)
                {
                    continue;
                }

                if (position + span > table.Length)
                {
                    throw CabError.BadLzx("code lengths that fit together", "too many short ones");
                }

                table.Slice(position, span).Fill((ushort)symbol);
                position += span;
            }
        }
    }

    public int Read(ref LzxBitReader bits)
    {
        var symbol = _tableBits == 0 ? NoSymbol : _table[bits.Peek(_tableBits)];
        if (symbol == NoSymbol)
        {
            throw CabError.BadLzx("a code that stands for a symbol", "one that does not");
        }

        bits.Skip(Lengths[symbol]);
        return symbol;
    }
}
