using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;

namespace OfflinePatch.Disks.Conversion;

/// <summary>What a comparison found.</summary>
/// <param name="FirstLength">Bytes of the first disk.</param>
/// <param name="SecondLength">Bytes of the second disk.</param>
/// <param name="Difference">The first byte that differs, or null.</param>
public sealed record ComparisonOutcome(long FirstLength, long SecondLength, long? Difference);

/// <summary>Compares what a guest sees of two images, whatever their formats.</summary>
public static class ComparisonJob
{
    private const int ChunkSize = 1024 * 1024;

    /// <summary>
    /// Compares every byte. What one disk has after the end of the other counts as equal where it is zero, unless
    /// <paramref name="isStrict"/>.
    /// </summary>
    /// <param name="first">One image; only read.</param>
    /// <param name="second">The other.</param>
    /// <param name="allowBacking">Whether parents and backing files may be read.</param>
    /// <param name="isStrict">Whether disks of different length differ in any case.</param>
    /// <param name="cancellation">Ends it with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="CorruptImageException">An image is damaged.</exception>
    /// <exception cref="UnsupportedImageException">An image is of no known format.</exception>
    /// <exception cref="RefusedException">Parents are needed first.</exception>
    /// <exception cref="IOException">The host failed.</exception>
    public static ComparisonOutcome Run(string first, string second, bool allowBacking, bool isStrict, CancellationToken cancellation)
    {
        using var firstFiles = ImageTransaction.Open(first, new TransactionOptions { AllowParents = allowBacking });
        using var firstDisk = DiskFormats.Open(firstFiles);
        using var secondFiles = ImageTransaction.Open(second, new TransactionOptions { AllowParents = allowBacking });
        using var secondDisk = DiskFormats.Open(secondFiles);
        var common = Math.Min(firstDisk.Length, secondDisk.Length);
        var difference = Find(firstDisk, secondDisk, common, cancellation);
        if (difference is null && firstDisk.Length != secondDisk.Length)
        {
            difference = isStrict ? common : FindData(firstDisk.Length > common ? firstDisk : secondDisk, common, cancellation);
        }

        return new ComparisonOutcome(firstDisk.Length, secondDisk.Length, difference);
    }

    private static long? Find(BlockDevice first, BlockDevice second, long length, CancellationToken cancellation)
    {
        var (a, b) = (new byte[ChunkSize], new byte[ChunkSize]);
        for (var offset = 0L; offset < length;)
        {
            cancellation.ThrowIfCancellationRequested();
            var left = first.GetExtent(offset);
            var right = second.GetExtent(offset);
            var count = Math.Min(Math.Min(left.Length, right.Length), length - offset);
            if (!(left.IsZero && right.IsZero))
            {
                count = Math.Min(count, ChunkSize);
                var x = a.AsSpan(0, (int)count);
                var y = b.AsSpan(0, (int)count);
                first.Read(offset, x);
                second.Read(offset, y);
                var same = x.CommonPrefixLength(y);
                if (same < count)
                {
                    return offset + same;
                }
            }

            offset += count;
        }

        return null;
    }

    private static long? FindData(BlockDevice disk, long offset, CancellationToken cancellation)
    {
        var buffer = new byte[ChunkSize];
        while (offset < disk.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            var run = disk.GetExtent(offset);
            var count = run.IsZero ? run.Length : Math.Min(run.Length, ChunkSize);
            if (!run.IsZero)
            {
                var bytes = buffer.AsSpan(0, (int)count);
                disk.Read(offset, bytes);
                if (bytes.IndexOfAnyExcept((byte)0) is >= 0 and var index)
                {
                    return offset + index;
                }
            }

            offset += count;
        }

        return null;
    }
}
