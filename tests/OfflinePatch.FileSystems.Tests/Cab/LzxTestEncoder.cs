using System.Buffers.Binary;

namespace OfflinePatch.FileSystems.Tests.Cab;

/// <summary>
/// Makes random LZX streams that use everything the format has: the three kinds of block, every window, recent distances, long matches,
/// code lengths in runs, odd plain blocks, blocks across frames. What they unpack to is judged by cabextract, not by the code that made
/// them.
/// </summary>
internal sealed class LzxTestEncoder
{
    private readonly Random _random;
    private readonly int _windowBits;
    private readonly int _slots;
    private readonly List<byte> _output = [];
    private readonly byte[] _mainLengths;
    private readonly byte[] _lengthLengths = new byte[249];
    private readonly List<(byte[] Packed, int Length)> _frames = [];
    private readonly int[] _recent = [1, 1, 1];
    private List<byte> _frame = [];
    private uint _word;
    private int _wordBits;

    public LzxTestEncoder(int seed, int windowBits)
    {
        _random = new Random(seed);
        _windowBits = windowBits;
        _slots = windowBits switch { 20 => 42, 21 => 50, _ => windowBits * 2 };
        _mainLengths = new byte[256 + (_slots * 8)];
        RecentReach = (1 << windowBits) - 3;
    }

    /// <summary>How far back a recent distance may lead; more than the window makes a stream that must be refused.</summary>
    public int RecentReach { get; init; }

    /// <summary>What the stream unpacks to before E8 translation.</summary>
    public byte[] Output => [.. _output];

    public (byte[] Packed, int Length)[] Encode(int length, int translationSize)
    {
        Put(translationSize == 0 ? 0u : 1, 1);
        if (translationSize != 0)
        {
            Put((uint)translationSize >> 16, 16);
            Put((uint)translationSize & 0xFFFF, 16);
        }

        while (_output.Count < length)
        {
            var block = Math.Min(length - _output.Count, 1 + _random.Next(_random.Next(3) == 0 ? 70_000 : 4000));
            var type = _random.Next(1, 4);
            Put((uint)type, 3);
            Put((uint)block >> 16, 8);
            Put((uint)block & 0xFFFF, 16);
            if (type == 3)
            {
                Plain(block, length);
            }
            else
            {
                Coded(block, type == 2, length);
            }
        }

        return [.. _frames];
    }

    private void Plain(int block, int total)
    {
        Align(always: true);
        for (var i = 0; i < 3; i++)
        {
            _recent[i] = _output.Count == 0 ? 1 : _random.Next(1, Math.Min(_output.Count, RecentReach) + 1);
            var bytes = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, _recent[i]);
            _frame.AddRange(bytes);
        }

        for (var i = 0; i < block; i++)
        {
            var value = RandomByte();
            _frame.Add(value);
            _output.Add(value);
            if (i == block - 1 && block % 2 == 1)
            {
                _frame.Add(0);
            }

            EndFrame(total);
        }
    }

    private void Coded(int block, bool isAligned, int total)
    {
        // Plan the tokens first: the codes must hold the symbols that occur.
        var tokens = new List<(int Symbol, int LengthSymbol, int Slot, int Extra)>();
        var end = _output.Count + block;
        while (_output.Count < end)
        {
            var inFrame = 32_768 - (_output.Count % 32_768);
            var room = Math.Min(end - _output.Count, inFrame);
            if (room < 2 || _output.Count < 4 || _random.Next(3) == 0)
            {
                var value = RandomByte();
                tokens.Add((value, -1, 0, 0));
                _output.Add(value);
                continue;
            }

            var length = Math.Min(room, _random.Next(4) == 0 ? _random.Next(2, 258) : _random.Next(2, 12));
            var distance = Distance(out var slot, out var extra);
            var header = Math.Min(length - 2, 7);
            tokens.Add((256 + (slot * 8) + header, header == 7 ? length - 9 : -1, slot, extra));
            for (var i = 0; i < length; i++)
            {
                _output.Add(_output[^distance]);
            }
        }

        var alignedLengths = new byte[8];
        if (isAligned)
        {
            RandomLengths(alignedLengths, Enumerable.Range(0, 8), 7);
            foreach (var l in alignedLengths)
            {
                Put(l, 3);
            }
        }

        var main = new byte[_mainLengths.Length];
        RandomLengths(main, tokens.Select(t => t.Symbol), 16);
        PutLengths(_mainLengths.AsSpan(0, 256), main.AsSpan(0, 256));
        PutLengths(_mainLengths.AsSpan(256), main.AsSpan(256));
        var lengths = new byte[249];
        if (tokens.Any(t => t.LengthSymbol >= 0))
        {
            RandomLengths(lengths, tokens.Where(t => t.LengthSymbol >= 0).Select(t => t.LengthSymbol), 16);
        }

        PutLengths(_lengthLengths, lengths);
        var (mainCodes, lengthCodes, alignedCodes) = (Codes(main), Codes(lengths), Codes(alignedLengths));
        var written = _output.Count - block;
        foreach (var (symbol, lengthSymbol, slot, extra) in tokens)
        {
            Put(mainCodes[symbol], main[symbol]);
            written++;
            if (symbol >= 256)
            {
                var header = (symbol - 256) % 8;
                written += header + 1;
                if (lengthSymbol >= 0)
                {
                    Put(lengthCodes[lengthSymbol], lengths[lengthSymbol]);
                    written += lengthSymbol;
                }

                var bits = ExtraBits(slot);
                if (isAligned && bits >= 3)
                {
                    PutLong((uint)extra >> 3, bits - 3);
                    Put(alignedCodes[extra & 7], alignedLengths[extra & 7]);
                }
                else if (slot >= 3)
                {
                    PutLong((uint)extra, bits);
                }
            }

            EndFrame(total, written);
        }
    }

    private int Distance(out int slot, out int extra)
    {
        extra = 0;
        var furthest = Math.Min(_output.Count, (1 << _windowBits) - 3);
        if (_random.Next(3) == 0)
        {
            slot = _random.Next(3);
            if (_recent[slot] <= Math.Min(_output.Count, RecentReach))
            {
                var recent = _recent[slot];
                (_recent[slot], _recent[0]) = (_recent[0], recent);
                return recent;
            }
        }

        var distance = _random.Next(1, _random.Next(2) == 0 ? furthest + 1 : Math.Min(furthest, 100) + 1);
        slot = 3;
        var start = 3;
        while (slot + 1 < _slots && start + (1 << ExtraBits(slot)) <= distance + 2)
        {
            start += 1 << ExtraBits(slot);
            slot++;
        }

        extra = distance + 2 - start;
        (_recent[2], _recent[1], _recent[0]) = (_recent[1], _recent[0], distance);
        return distance;
    }

    private static int ExtraBits(int slot) => slot < 4 ? 0 : slot < 36 ? (slot / 2) - 1 : 17;

    private byte RandomByte() => _random.Next(12) == 0 ? (byte)0xE8 : _random.Next(3) == 0 ? (byte)0
        : (byte)_random.Next(_random.Next(2) == 0 ? 256 : 4);

    /// <summary>Code lengths of a random full tree over the symbols, and at least one more.</summary>
    private void RandomLengths(byte[] lengths, IEnumerable<int> used, int limit)
    {
        var symbols = used.ToHashSet();
        while (symbols.Count < 2)
        {
            symbols.Add(_random.Next(lengths.Length));
        }

        var leaves = new List<int> { 0 };
        while (leaves.Count < symbols.Count)
        {
            var candidates = Enumerable.Range(0, leaves.Count).Where(i => leaves[i] < limit).ToList();
            var shallow = candidates.MinBy(i => leaves[i]);
            var leaf = _random.Next(3) == 0 && leaves.Count + 300 < 1 << limit ? candidates[_random.Next(candidates.Count)] : shallow;
            leaves[leaf]++;
            leaves.Add(leaves[leaf]);
        }

        foreach (var (symbol, length) in symbols.OrderBy(_ => _random.Next()).Zip(leaves))
        {
            lengths[symbol] = (byte)length;
        }
    }

    private static uint[] Codes(byte[] lengths)
    {
        var codes = new uint[lengths.Length];
        var code = 0u;
        for (var length = 1; length <= 16; length++)
        {
            for (var symbol = 0; symbol < lengths.Length; symbol++)
            {
                if (lengths[symbol] == length)
                {
                    codes[symbol] = code++;
                }
            }

            code <<= 1;
        }

        return codes;
    }

    private void PutLengths(Span<byte> old, Span<byte> wanted)
    {
        var items = new List<(int Symbol, int Extra, int ExtraBits, int Next)>();
        for (var i = 0; i < wanted.Length;)
        {
            var run = 1;
            while (i + run < wanted.Length && wanted[i + run] == wanted[i])
            {
                run++;
            }

            var difference = (old[i] - wanted[i] + 17) % 17;
            if (wanted[i] == 0 && run >= 20 && _random.Next(4) != 0)
            {
                run = Math.Min(run, 51);
                items.Add((18, run - 20, 5, -1));
            }
            else if (wanted[i] == 0 && run >= 4 && _random.Next(4) != 0)
            {
                run = Math.Min(run, 19);
                items.Add((17, run - 4, 4, -1));
            }
            else if (run >= 4 && _random.Next(2) == 0)
            {
                run = Math.Min(run, 5);
                items.Add((19, run - 4, 1, difference));
            }
            else
            {
                run = 1;
                items.Add((difference, 0, 0, -1));
            }

            i += run;
        }

        var pretree = new byte[20];
        RandomLengths(pretree, items.SelectMany(t => t.Next < 0 ? new[] { t.Symbol } : [t.Symbol, t.Next]), 15);
        foreach (var l in pretree)
        {
            Put(l, 4);
        }

        var codes = Codes(pretree);
        foreach (var (symbol, extra, bits, next) in items)
        {
            Put(codes[symbol], pretree[symbol]);
            Put((uint)extra, bits);
            if (next >= 0)
            {
                Put(codes[next], pretree[next]);
            }
        }

        wanted.CopyTo(old);
    }

    private void PutLong(uint value, int bits)
    {
        if (bits > 16)
        {
            Put(value >> 16, bits - 16);
            bits = 16;
        }

        Put(value & 0xFFFF, bits);
    }

    private void Put(uint value, int bits)
    {
        for (var i = bits - 1; i >= 0; i--)
        {
            _word = (_word << 1) | ((value >> i) & 1);
            if (++_wordBits == 16)
            {
                Flush();
            }
        }
    }

    private void Align(bool always)
    {
        if (_wordBits > 0 || always)
        {
            _word <<= 16 - _wordBits;
            Flush();
        }
    }

    private void Flush()
    {
        _frame.Add((byte)(_word & 0xFF));
        _frame.Add((byte)((_word >> 8) & 0xFF));
        _word = 0;
        _wordBits = 0;
    }

    private void EndFrame(int total, int? written = null)
    {
        var count = written ?? _output.Count;
        if (count % 32_768 == 0 || count == total)
        {
            Align(always: false);
            _frames.Add(([.. _frame], count % 32_768 == 0 ? 32_768 : count % 32_768));
            _frame = [];
        }
    }
}
