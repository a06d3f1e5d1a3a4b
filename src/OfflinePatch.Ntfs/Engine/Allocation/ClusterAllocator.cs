using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Allocation;

/// <summary>
/// Allocates and frees clusters. It asks for the proof of the allocation itself, so that no caller can do either without it. A
/// freed cluster is not allocated again before the flush unless nothing else is left, so that the volume on the device stays
/// whole until then.
/// </summary>
internal sealed class ClusterAllocator
{
    private readonly ClusterBitmap _bitmap;
    private readonly AllocationProof _proof;
    private readonly long _count;
    private readonly long _zoneStart;
    private readonly long _zoneEnd;
    private long _cursor;
    private long _tooLong = long.MaxValue;

    public ClusterAllocator(ClusterBitmap bitmap, AllocationProof proof, VolumeGeometry geometry)
    {
        _bitmap = bitmap;
        _proof = proof;
        _count = geometry.ClusterCount;

        // the zone kept for $MFT: 1/8 of the volume from $MFT on
        _zoneStart = geometry.MftLcn;
        _zoneEnd = Math.Min(_count, _zoneStart + (_count / 8));
        _cursor = _zoneEnd < _count ? _zoneEnd : 0;
    }

    /// <summary>Free clusters.</summary>
    public long FreeClusters => _bitmap.FreeClusters;

    /// <summary>
    /// Appends <paramref name="count"/> clusters to <paramref name="runs"/>: what follows <paramref name="after"/> first, then one run that
    /// is long enough, then whatever is free; the $MFT zone last (first for $MFT itself).
    /// </summary>
    /// <exception cref="RefusedException"><c>NTFS-0401</c>: the volume is full; nothing was allocated.</exception>
    public void Allocate(RunList runs, long count, long after = -1, bool forMft = false)
    {
        _proof.Require();
        if (count > FreeClusters)
        {
            throw NtfsError.Full(count - FreeClusters);
        }

        if (after >= 0)
        {
            count -= TakeAt(runs, after, count, forMft);
        }

        if (forMft && count > 0)
        {
            count -= TakeBest(runs, count, _zoneStart, _zoneEnd);
        }

        if (count > 0 && count < _tooLong && !forMft)
        {
            count -= TakeWhole(runs, count);
        }

        for (var pass = 0; pass < 4 && count > 0; pass++)
        {
            var reuse = pass >= 2;
            if (pass % 2 == 0 && !forMft)
            {
                count -= TakeAny(runs, count, _zoneEnd, _count, reuse);
                count -= count > 0 ? TakeAny(runs, count, 0, _zoneStart, reuse) : 0;
            }
            else
            {
                count -= TakeAny(runs, count, 0, _count, reuse);
            }
        }

        if (count > 0)
        {
            throw NtfsError.Full(count);
        }
    }

    /// <summary>Frees all clusters of a stream. The list stays as it is.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0140</c>: one of them was free already.</exception>
    public void Free(RunList runs) => Free(runs.Runs);

    /// <summary>Makes a stream <paramref name="count"/> clusters long: at its end, clusters are added or freed.</summary>
    /// <exception cref="RefusedException"><c>NTFS-0401</c>: the volume is full; nothing was allocated.</exception>
    public void Resize(RunList runs, long count)
    {
        var have = runs.ClusterCount;
        if (count > have)
        {
            Allocate(runs, count - have, runs.EndLcn);
        }
        else if (count < have)
        {
            var freed = new List<ClusterRun>();
            runs.Truncate(count, freed);
            Free(freed);
        }
    }

    /// <summary>Writes $Bitmap. Freed clusters may be allocated from now on.</summary>
    public void Flush()
    {
        _bitmap.Flush();
        _tooLong = long.MaxValue;
    }

    private void Free(IEnumerable<ClusterRun> runs)
    {
        foreach (var run in runs)
        {
            if (!run.IsHole)
            {
                _proof.Require();
                _tooLong = long.MaxValue;
                _bitmap.Set(run.Lcn, run.Count, value: false);
            }
        }
    }

    private long TakeAt(RunList runs, long lcn, long count, bool forMft)
    {
        long taken = 0;
        var limit = !forMft && lcn < _zoneStart ? _zoneStart : _count;
        while (taken < count && lcn + taken < limit && !_bitmap.IsBlocked(lcn + taken, reuse: false))
        {
            taken++;
        }

        Take(runs, lcn, taken);
        return taken;
    }

    /// <summary>One free run of the whole length outside the zone, from the cursor on.</summary>
    private long TakeWhole(RunList runs, long count)
    {
        var lcn = FindRun(_cursor, _count, count);
        lcn = lcn >= 0 ? lcn : FindRun(0, _count, count);
        if (lcn < 0)
        {
            _tooLong = count;
            return 0;
        }

        Take(runs, lcn, count);
        _cursor = lcn + count;
        return count;
    }

    private long FindRun(long from, long to, long count)
    {
        long start = -1;
        var lcn = from;
        while (lcn < to)
        {
            if (lcn >= _zoneStart && lcn < _zoneEnd)
            {
                start = -1;
                lcn = _zoneEnd;
                continue;
            }

            if (SkipFull(ref lcn, to))
            {
                start = -1;
                continue;
            }

            if (_bitmap.IsBlocked(lcn, reuse: false))
            {
                start = -1;
            }
            else
            {
                start = start < 0 ? lcn : start;
                if (lcn + 1 - start >= count)
                {
                    return start;
                }

                if (SkipFree(ref lcn, to, start, count))
                {
                    continue;
                }
            }

            lcn++;
        }

        return -1;
    }

    private long TakeBest(RunList runs, long count, long from, long to)
    {
        long start = -1, best = -1, length = 0;
        for (var lcn = from; lcn <= to; lcn++)
        {
            if (lcn < to && !_bitmap.IsBlocked(lcn, reuse: false))
            {
                start = start < 0 ? lcn : start;
                if (lcn + 1 - start >= count)
                {
                    best = start;
                    length = count;
                    break;
                }
            }
            else
            {
                if (start >= 0 && lcn - start > length)
                {
                    best = start;
                    length = lcn - start;
                }

                start = -1;
            }
        }

        if (best >= 0)
        {
            Take(runs, best, length);
        }

        return length;
    }

    private long TakeAny(RunList runs, long count, long from, long to, bool reuse)
    {
        long taken = 0;
        var lcn = from;
        while (taken < count && lcn < to)
        {
            if (!reuse && SkipFull(ref lcn, to))
            {
                continue;
            }

            if (_bitmap.IsBlocked(lcn, reuse))
            {
                lcn++;
                continue;
            }

            var start = lcn;
            while (lcn < to && taken + (lcn - start) < count && !_bitmap.IsBlocked(lcn, reuse))
            {
                lcn++;
            }

            Take(runs, start, lcn - start);
            taken += lcn - start;
        }

        return taken;
    }

    private void Take(RunList runs, long lcn, long count)
    {
        if (count > 0)
        {
            _bitmap.Set(lcn, count, value: true);
            runs.Append(lcn, count);
        }
    }

    /// <summary>Moves past 64 clusters that are all taken.</summary>
    private bool SkipFull(ref long lcn, long to)
    {
        if (lcn % 64 != 0 || lcn + 64 > to || _bitmap.Blocked64(lcn) != ulong.MaxValue)
        {
            return false;
        }

        lcn += 64;
        return true;
    }

    /// <summary>Moves past 64 clusters that are all free, when they do not complete a run of <paramref name="count"/>.</summary>
    private bool SkipFree(ref long lcn, long to, long start, long count)
    {
        if (lcn % 64 != 0 || lcn + 64 > to || lcn + 64 - start >= count || (lcn < _zoneStart && lcn + 64 > _zoneStart)
            || _bitmap.Blocked64(lcn) != 0)
        {
            return false;
        }

        lcn += 64;
        return true;
    }
}
