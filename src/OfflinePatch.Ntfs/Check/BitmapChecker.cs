using System.Numerics;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Check;

/// <summary>
/// Compares $Bitmap with the runs of all files, and the bitmap of $MFT with the records. Source: Linux-NTFS documentation, $Boot, FILE
/// Record; what chkdsk reports.
/// </summary>
internal sealed class BitmapChecker(CheckContext context)
{
    private FindingList Findings => context.Findings;

    /// <summary>$Bitmap: exactly the clusters that runs own, and all bits after the last cluster.</summary>
    public void CheckClusters(CheckedStream bitmap)
    {
        var clusters = context.Geometry.ClusterCount;
        var needed = (clusters / 8) + (clusters % 8 == 0 ? 0 : 1);
        if (bitmap.Length < needed)
        {
            Findings.Error(NtfsFindingCode.BitmapTooShort, "$Bitmap", -1, $"at least {needed} bytes", $"{bitmap.Length}");
            return;
        }

        var buffer = new byte[PagedBitmap.PageBytes];
        var empty = new byte[PagedBitmap.PageBytes];
        for (long page = 0; page * PagedBitmap.PageBytes < needed; page++)
        {
            var at = page * PagedBitmap.PageBytes;
            var owned = context.Owned.Page(page);
            if (owned is null && bitmap.IsZero(at, out var zeros) && zeros >= Math.Min(PagedBitmap.PageBytes, needed - at))
            {
                continue;
            }

            var part = buffer.AsSpan(0, (int)Math.Min(PagedBitmap.PageBytes, needed - at));
            bitmap.TryRead(at, part);
            Compare(at * 8, part, (owned ?? empty).AsSpan(0, part.Length), clusters);
            if (Findings.IsFull)
            {
                return;
            }
        }

        CheckTail(bitmap, clusters);
    }

    /// <summary>$MFT:$BITMAP: a bit for every record in use; 16 to 23 may be set without being used.</summary>
    public void CheckRecords(CheckedStream bitmap, IEnumerable<long>? only)
    {
        var records = context.RecordCount;
        if (bitmap.Length < (records / 8) + (records % 8 == 0 ? 0 : 1))
        {
            Findings.Error(NtfsFindingCode.RecordMarkedFree, "$MFT, $BITMAP", -1, $"a bit for each of {records} records",
                $"{bitmap.Length} bytes");
            return;
        }

        if (only is not null)
        {
            Span<byte> one = stackalloc byte[1];
            foreach (var number in only)
            {
                if (number < records && bitmap.TryRead(number / 8, one))
                {
                    JudgeRecord(number, (one[0] & (1 << (int)(number % 8))) != 0);
                }
            }

            return;
        }

        var buffer = new byte[PagedBitmap.PageBytes];
        for (long at = 0; at * 8 < records; at += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, bitmap.Length - at));
            bitmap.TryRead(at, part);
            for (var i = 0; i < part.Length && (at + i) * 8 < records; i++)
            {
                for (var bit = 0; bit < 8 && ((at + i) * 8) + bit < records; bit++)
                {
                    JudgeRecord(((at + i) * 8) + bit, (part[i] & (1 << bit)) != 0);
                }
            }

            if (Findings.IsFull)
            {
                return;
            }
        }

        JudgeMissingRecords(bitmap, records, buffer);
    }

    /// <summary>Bits of records that $MFT does not have yet: they would not be allocated when it has grown.</summary>
    private void JudgeMissingRecords(CheckedStream bitmap, long records, byte[] buffer)
    {
        for (var at = records / 8; at < bitmap.Length; at += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, bitmap.Length - at));
            bitmap.TryRead(at, part);
            if (at == records / 8)
            {
                part[0] &= (byte)((0xFF << (int)(records % 8)) & 0xFF);
            }

            var first = part.IndexOfAnyExcept((byte)0);
            if (first >= 0)
            {
                Findings.Warn(NtfsFindingCode.RecordBitBehindEnd, "$MFT, $BITMAP", at + first, $"no bit behind record {records - 1}",
                    $"record {((at + first) * 8) + BitOperations.TrailingZeroCount(part[first])} in use");
                return;
            }
        }
    }

    private void JudgeRecord(long number, bool marked)
    {
        var inUse = (context.Table.Get(number).Marks & RecordMarks.InUse) != 0;
        if (inUse && !marked)
        {
            Findings.Error(NtfsFindingCode.RecordMarkedFree, "$MFT, $BITMAP", number / 8, $"record {number} in use", "free");
        }
        else if (marked && !inUse && number >= FileReference.FirstUserRecord)
        {
            Findings.Error(NtfsFindingCode.RecordMarkedUsed, "$MFT, $BITMAP", number / 8, $"record {number} free", "in use");
        }
    }

    /// <summary>Differing bits of one page, one finding per run of equal differences.</summary>
    private void Compare(long firstBit, ReadOnlySpan<byte> marked, ReadOnlySpan<byte> owned, long clusters)
    {
        if (context.Touched is null && marked.SequenceEqual(owned))
        {
            return;
        }

        for (var i = 0; i < marked.Length; i++)
        {
            var difference = marked[i] ^ owned[i];
            if (context.Touched is not null)
            {
                difference &= owned[i]; // which clusters others own is not known
            }

            while (difference != 0)
            {
                var bit = BitOperations.TrailingZeroCount(difference);
                difference &= difference - 1;
                var cluster = firstBit + (8L * i) + bit;
                if (cluster >= clusters)
                {
                    break;
                }

                if ((owned[i] & (1 << bit)) != 0)
                {
                    Findings.Error(NtfsFindingCode.ClusterMarkedFree, "$Bitmap", cluster / 8, $"cluster {cluster} in use", "free");
                }
                else
                {
                    Findings.Error(NtfsFindingCode.ClusterMarkedUsed, "$Bitmap", cluster / 8, $"cluster {cluster} free, as no run owns it",
                        "in use");
                }
            }

            if (Findings.IsFull)
            {
                return;
            }
        }
    }

    private void CheckTail(CheckedStream bitmap, long clusters)
    {
        var bits = Math.Min(Math.Min(bitmap.Length, 1L << 56) * 8, (clusters + 63) / 64 * 64);
        Span<byte> one = stackalloc byte[1];
        for (var bit = clusters; bit < bits; bit++)
        {
            bitmap.TryRead(bit / 8, one);
            if ((one[0] & (1 << (int)(bit % 8))) == 0)
            {
                Findings.Error(NtfsFindingCode.BitmapTail, "$Bitmap", bit / 8, $"the bits after cluster {clusters - 1} set", "clear");
                return;
            }
        }
    }
}
