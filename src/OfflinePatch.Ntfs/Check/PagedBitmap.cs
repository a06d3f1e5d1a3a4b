using System.Numerics;

namespace OfflinePatch.Ntfs.Check;

/// <summary>Bits by number, in pages that exist once a bit of theirs is set.</summary>
internal sealed class PagedBitmap
{
    /// <summary>Bytes of a page.</summary>
    public const int PageBytes = 8192;

    private const long PageBits = PageBytes * 8;

    private readonly Dictionary<long, byte[]> _pages = [];

    /// <summary>The page that starts at bit <paramref name="page"/> × 65,536; null: all zero.</summary>
    public byte[]? Page(long page) => _pages.GetValueOrDefault(page);

    public bool this[long bit] => _pages.TryGetValue(bit / PageBits, out var page)
        && (page[bit % PageBits / 8] & (1 << (int)(bit % 8))) != 0;

    /// <summary>Sets a range; returns the first bit of it that was set already, or -1.</summary>
    public long SetRange(long start, long count)
    {
        long taken = -1;
        var end = start + count;
        for (var bit = start; bit < end;)
        {
            var index = bit / PageBits;
            if (!_pages.TryGetValue(index, out var page))
            {
                page = new byte[PageBytes];
                _pages.Add(index, page);
            }

            var from = (int)(bit % PageBits);
            var to = (int)Math.Min(PageBits, from + (end - bit));
            var first = SetInPage(page, from, to);
            if (first >= 0 && taken < 0)
            {
                taken = (index * PageBits) + first;
            }

            bit += to - from;
        }

        return taken;
    }

    private static int SetInPage(byte[] page, int from, int to)
    {
        var taken = -1;
        while (from < to)
        {
            var index = from / 8;
            if (from % 8 == 0 && to - from >= 8)
            {
                var whole = page.AsSpan(index, (to - from) / 8);
                var used = taken < 0 ? whole.IndexOfAnyExcept((byte)0) : -1;
                if (used >= 0)
                {
                    taken = ((index + used) * 8) + BitOperations.TrailingZeroCount(whole[used]);
                }

                whole.Fill(0xFF);
                from += whole.Length * 8;
                continue;
            }

            var low = from % 8;
            var high = Math.Min(8, low + (to - from));
            var mask = (byte)((0xFF << low) & (0xFF >> (8 - high)));
            var before = page[index] & mask;
            if (before != 0 && taken < 0)
            {
                taken = (index * 8) + BitOperations.TrailingZeroCount(before);
            }

            page[index] |= mask;
            from += high - low;
        }

        return taken;
    }
}
