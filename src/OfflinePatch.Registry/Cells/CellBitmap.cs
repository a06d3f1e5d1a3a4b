using System.Numerics;
using System.Runtime.CompilerServices;

namespace OfflinePatch.Registry.Cells;

/// <summary>One bit for every place a cell can start at: each 8 bytes of the hive bins.</summary>
internal sealed class CellBitmap
{
    private ulong[] _words;

    public CellBitmap(int binsSize) => _words = new ulong[WordsFor(binsSize)];

    private CellBitmap(ulong[] words) => _words = words;

    /// <summary>A copy.</summary>
    public CellBitmap Clone() => new([.. _words]);

    /// <summary>Makes room for more bins.</summary>
    public void Grow(int binsSize)
    {
        if (WordsFor(binsSize) > _words.Length)
        {
            Array.Resize(ref _words, Math.Max(WordsFor(binsSize), _words.Length + (_words.Length / 8)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(uint offset)
    {
        var word = offset >> 9;
        return word < (uint)_words.Length && (_words[word] & (1UL << (int)((offset >> 3) & 63))) != 0;
    }

    /// <summary>Sets a bit; false when it was set before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Add(uint offset)
    {
        ref var word = ref _words[offset >> 9];
        var bit = 1UL << (int)((offset >> 3) & 63);
        if ((word & bit) != 0)
        {
            return false;
        }

        word |= bit;
        return true;
    }

    /// <summary>Clears a bit that was set, safe against other threads; false when it was not.</summary>
    public bool TryRemove(uint offset)
    {
        var word = offset >> 9;
        var bit = 1UL << (int)((offset >> 3) & 63);
        return word < (uint)_words.Length && (_words[word] & bit) != 0 && (Interlocked.And(ref _words[word], ~bit) & bit) != 0;
    }

    /// <summary>How many bits are set.</summary>
    public long Count() => Count(_words);

    /// <summary>How many bits are set for the cells of a bin.</summary>
    public long Count(uint start, uint end) => Count(_words.AsSpan()[(int)(start >> 9)..(int)(end >> 9)]);

    private static long Count(ReadOnlySpan<ulong> words)
    {
        var count = 0L;
        foreach (var word in words)
        {
            count += BitOperations.PopCount(word);
        }

        return count;
    }

    /// <summary>The first place after <paramref name="offset"/>, or false.</summary>
    public bool TryFindAfter(uint offset, out uint found)
    {
        var index = (offset >> 3) + 1;
        var word = index >> 6;
        var bits = word < (uint)_words.Length ? _words[word] & (ulong.MaxValue << (int)(index & 63)) : 0;
        while (bits == 0)
        {
            if (++word >= (uint)_words.Length)
            {
                found = 0;
                return false;
            }

            bits = _words[word];
        }

        found = ((word << 6) + (uint)BitOperations.TrailingZeroCount(bits)) << 3;
        return true;
    }

    public void Remove(uint offset) => _words[offset >> 9] &= ~(1UL << (int)((offset >> 3) & 63));

    /// <summary>The last place before <paramref name="offset"/>, or false.</summary>
    public bool TryFindBefore(uint offset, out uint found)
    {
        var index = (int)(offset >> 3) - 1;
        found = 0;
        if (index < 0)
        {
            return false;
        }

        var word = index >> 6;
        var bits = _words[word] & (ulong.MaxValue >> (63 - (index & 63)));
        while (bits == 0)
        {
            if (--word < 0)
            {
                return false;
            }

            bits = _words[word];
        }

        found = (uint)((word << 6) + 63 - BitOperations.LeadingZeroCount(bits)) << 3;
        return true;
    }

    private static int WordsFor(int binsSize) => (binsSize >> 9) + 1;
}
