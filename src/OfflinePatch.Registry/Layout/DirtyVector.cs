using System.Numerics;

namespace OfflinePatch.Registry.Layout;

/// <summary>
/// What an old-format log holds after its base block: a bitmap of 512-byte pages of the hive, and the pages. Source: msuhanov/regf,
/// "Windows registry file format specification"
/// </summary>
internal readonly ref struct DirtyVector
{
    public const int PageSize = 0x200;

    public static class Layout
    {
        public const int Signature = 0x200; // 4, "DIRT"
        public const int Bitmap = 0x204; // one bit a page of the hive bins, lowest bit first; the pages follow on the next multiple of 512
    }

    public static ReadOnlySpan<byte> SignatureBytes => "DIRT"u8;

    private readonly ReadOnlySpan<byte> _bitmap;
    private readonly ReadOnlySpan<byte> _pages;

    private DirtyVector(ReadOnlySpan<byte> bitmap, ReadOnlySpan<byte> pages)
    {
        _bitmap = bitmap;
        _pages = pages;
    }

    /// <summary>The vector of a log for a hive of this many bytes of bins; false when it is damaged or a page of it is missing.</summary>
    public static bool TryRead(ReadOnlySpan<byte> log, uint binsSize, out DirtyVector vector)
    {
        vector = default;
        if (binsSize == 0 || binsSize % HiveBin.Alignment != 0 || binsSize > BaseBlock.MaxBinsSize
            || log.Length < Layout.Bitmap || !log.Slice(Layout.Signature, 4).SequenceEqual(SignatureBytes))
        {
            return false;
        }

        var bitmapLength = (int)(binsSize / HiveBin.Alignment);
        var pages = (Layout.Bitmap + bitmapLength + PageSize - 1) / PageSize * PageSize;
        if (pages > log.Length)
        {
            return false;
        }

        vector = new DirtyVector(log.Slice(Layout.Bitmap, bitmapLength), log[pages..]);
        return vector.PageCount * (long)PageSize <= vector._pages.Length;
    }

    /// <summary>Pages that are dirty.</summary>
    public int PageCount
    {
        get
        {
            var count = 0;
            foreach (var b in _bitmap)
            {
                count += BitOperations.PopCount(b);
            }

            return count;
        }
    }

    /// <summary>Writes the pages into the hive bins.</summary>
    public void Apply(Span<byte> bins)
    {
        var next = 0;
        for (var page = 0; page < _bitmap.Length * 8; page++)
        {
            if ((_bitmap[page / 8] & (1 << (page % 8))) != 0)
            {
                _pages.Slice(next, PageSize).CopyTo(bins[(page * PageSize)..]);
                next += PageSize;
            }
        }
    }
}
