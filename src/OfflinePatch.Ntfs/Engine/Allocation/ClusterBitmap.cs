using System.Numerics;
using System.Runtime.InteropServices;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Allocation;

/// <summary>
/// $Bitmap, read in parts when needed. A cluster that is freed is not given away again before the flush unless nothing else is left, so
/// that
/// the volume on the device stays whole until then.
/// </summary>
internal sealed class ClusterBitmap
{
    private const int PartBytes = 32 * 1024;
    private const long PartClusters = PartBytes * 8L;

    private readonly VolumeCore _core;
    private readonly NodeAttribute _data;
    private readonly Part?[] _parts;
    private readonly long _count;
    private long _free = -1;
    private long _cursor;
    private long _tooLong = long.MaxValue;

    public ClusterBitmap(VolumeCore core)
    {
        _core = core;
        _count = core.Geometry.ClusterCount;
        var node = core.Nodes.Get(FileReference.BitmapRecord);
        _data = node.Find(AttributeType.Data, "") ?? throw NtfsError.BadMetafile("$Bitmap", "no $DATA");
        if (_data.DataSize < (_count / 8) + (_count % 8 != 0 ? 1 : 0) || _data.DataSize > int.MaxValue / 2)
        {
            throw NtfsError.BadMetafile("$Bitmap", $"{_data.DataSize} bytes for {_count} clusters");
        }

        if (_data.IsResident)
        {
            throw NtfsError.BadMetafile("$Bitmap", "resident $DATA");
        }

        _parts = new Part?[(_count / PartClusters) + 1];
        ZoneStart = core.Geometry.MftLcn;
        ZoneEnd = Math.Min(_count, ZoneStart + (_count / 8));
        _cursor = ZoneEnd < _count ? ZoneEnd : 0;
    }

    /// <summary>First cluster of the zone kept for $MFT: 1/8 of the volume from $MFT on.</summary>
    public long ZoneStart { get; }

    /// <summary>End of the zone.</summary>
    public long ZoneEnd { get; }

    /// <summary>Free clusters.</summary>
    public long FreeClusters
    {
        get
        {
            if (_free < 0)
            {
                long used = 0;
                for (long index = 0; index * PartClusters < _count; index++)
                {
                    var words = MemoryMarshal.Cast<byte, ulong>(GetPart(index).Current);
                    foreach (var word in words)
                    {
                        used += BitOperations.PopCount(word);
                    }
                }

                // bits past the last cluster are set in memory
                _free = (_parts.Length * PartClusters) - used;
                var tail = _parts.Length - (((_count - 1) / PartClusters) + 1);
                _free -= tail * PartClusters;
            }

            return _free;
        }
    }

    /// <summary>
    /// How many clusters from <paramref name="lcn"/> on are in the same state on the volume as the device has it: owned by something, or
    /// free.
    /// </summary>
    public long CountAlike(long lcn, long count, out bool wasAllocated)
    {
        wasAllocated = WasAllocated(lcn);
        long alike = 1;
        while (alike < count && WasAllocated(lcn + alike) == wasAllocated)
        {
            alike++;
        }

        return alike;
    }

    /// <summary>Whether a cluster is in use.</summary>
    public bool IsAllocated(long lcn)
    {
        var bit = (int)(lcn % PartClusters);
        return (GetPart(lcn / PartClusters).Current[bit >> 3] >> (bit & 7) & 1) != 0;
    }

    /// <summary>The first cluster of a range that is marked as free, or -1.</summary>
    public long FindFree(long lcn, long count)
    {
        var end = lcn + count;
        while (lcn < end)
        {
            var bit = (int)(lcn % PartClusters);
            var current = GetPart(lcn / PartClusters).Current;
            var bits = (int)Math.Min(end - lcn, PartClusters - bit);
            if (bit % 8 == 0 && bits >= 8)
            {
                var free = current.AsSpan(bit / 8, bits / 8).IndexOfAnyExcept((byte)0xFF);
                if (free < 0)
                {
                    lcn += bits / 8 * 8;
                    continue;
                }

                return lcn + (8L * free) + BitOperations.TrailingZeroCount(~current[(bit / 8) + free]);
            }

            if ((current[bit >> 3] >> (bit & 7) & 1) == 0)
            {
                return lcn;
            }

            lcn++;
        }

        return -1;
    }

    /// <summary>
    /// Appends <paramref name="count"/> clusters to <paramref name="runs"/>: what follows <paramref name="after"/> first, then one run that
    /// is long
    /// enough, then whatever is free; the $MFT zone last (first for $MFT itself).
    /// </summary>
    /// <exception cref="RefusedException"><c>NTFS-0401</c>: the volume is full; nothing was allocated.</exception>
    public void Allocate(RunList runs, long count, long after = -1, bool forMft = false)
    {
        _core.RequireAllocationProof();
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
            count -= TakeBest(runs, count, ZoneStart, ZoneEnd);
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
                count -= TakeAny(runs, count, ZoneEnd, _count, reuse);
                count -= count > 0 ? TakeAny(runs, count, 0, ZoneStart, reuse) : 0;
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

    /// <summary>Gives clusters back.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0140</c>: one of them was free already.</exception>
    public void Free(IEnumerable<ClusterRun> runs)
    {
        foreach (var run in runs)
        {
            Set(run.Lcn, run.Count, value: false);
        }
    }

    /// <summary>Frees one run.</summary>
    public void Free(long lcn, long count) => Set(lcn, count, value: false);

    /// <summary>Writes the changed parts.</summary>
    public void Flush()
    {
        for (long index = 0; index < _parts.Length; index++)
        {
            if (_parts[index] is not { Original: { } original } part)
            {
                continue;
            }

            // only the sectors that differ, and never a byte past the stream
            var limit = (int)Math.Min(PartBytes, _data.DataSize - (index * PartBytes));
            for (var at = 0; at < limit; at += 512)
            {
                var size = Math.Min(512, limit - at);
                if (!part.Current.AsSpan(at, size).SequenceEqual(original.AsSpan(at, size)))
                {
                    Write((index * PartBytes) + at, part, at, size);
                }
            }

            part.Original = null;
        }

        _tooLong = long.MaxValue;
    }

    private void Write(long offset, Part part, int at, int size)
    {
        var bytes = part.Current.AsSpan(at, size).ToArray();
        if (offset + size > _count / 8)
        {
            // the last byte's bits past the volume: as they were
            for (var i = 0; i < size; i++)
            {
                var first = (offset + i) * 8;
                if (first + 8 > _count)
                {
                    var keep = first >= _count ? 0xFF : 0xFF << (int)(_count - first) & 0xFF;
                    bytes[i] = (byte)((bytes[i] & ~keep) | (part.Tail[i + at] & keep));
                }
            }
        }

        _core.Runs.WriteThrough(_data.Runs, offset, bytes, FileReference.BitmapRecord);
    }

    private long TakeAt(RunList runs, long lcn, long count, bool forMft)
    {
        long taken = 0;
        var limit = !forMft && lcn < ZoneStart ? ZoneStart : _count;
        while (taken < count && lcn + taken < limit && !IsBlocked(lcn + taken, reuse: false))
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
            if (lcn >= ZoneStart && lcn < ZoneEnd)
            {
                start = -1;
                lcn = ZoneEnd;
                continue;
            }

            if (SkipFull(ref lcn, to))
            {
                start = -1;
                continue;
            }

            if (IsBlocked(lcn, reuse: false))
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
            if (lcn < to && !IsBlocked(lcn, reuse: false))
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

            if (IsBlocked(lcn, reuse))
            {
                lcn++;
                continue;
            }

            var start = lcn;
            while (lcn < to && taken + (lcn - start) < count && !IsBlocked(lcn, reuse))
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
            Set(lcn, count, value: true);
            runs.Append(lcn, count);
        }
    }

    /// <summary>Moves past 64 clusters that are all taken.</summary>
    private bool SkipFull(ref long lcn, long to)
    {
        if (lcn % 64 != 0 || lcn + 64 > to)
        {
            return false;
        }

        var part = GetPart(lcn / PartClusters);
        var at = (int)(lcn % PartClusters) >> 3;
        var word = BitConverter.ToUInt64(part.Current, at) | (part.Original is { } original ? BitConverter.ToUInt64(original, at) : 0);
        if (word != ulong.MaxValue)
        {
            return false;
        }

        lcn += 64;
        return true;
    }

    /// <summary>Moves past 64 clusters that are all free, when they do not complete a run of <paramref name="count"/>.</summary>
    private bool SkipFree(ref long lcn, long to, long start, long count)
    {
        if (lcn % 64 != 0 || lcn + 64 > to || lcn + 64 - start >= count || (lcn < ZoneStart && lcn + 64 > ZoneStart))
        {
            return false;
        }

        var part = GetPart(lcn / PartClusters);
        var at = (int)(lcn % PartClusters) >> 3;
        if ((BitConverter.ToUInt64(part.Current, at) | (part.Original is { } original ? BitConverter.ToUInt64(original, at) : 0)) != 0)
        {
            return false;
        }

        lcn += 64;
        return true;
    }

    private bool WasAllocated(long lcn)
    {
        var part = GetPart(lcn / PartClusters);
        var bit = (int)(lcn % PartClusters);
        return ((part.Original ?? part.Current)[bit >> 3] >> (bit & 7) & 1) != 0;
    }

    private bool IsBlocked(long lcn, bool reuse)
    {
        var part = GetPart(lcn / PartClusters);
        var bit = (int)(lcn % PartClusters);
        var value = part.Current[bit >> 3] | (!reuse && part.Original is { } original ? original[bit >> 3] : 0);
        return (value >> (bit & 7) & 1) != 0;
    }

    private void Set(long lcn, long count, bool value)
    {
        _core.RequireAllocationProof();
        _ = FreeClusters;
        if (!value)
        {
            _tooLong = long.MaxValue;
        }

        while (count > 0)
        {
            var part = GetPart(lcn / PartClusters);
            part.Original ??= (byte[])part.Current.Clone();
            var bit = (int)(lcn % PartClusters);
            var current = part.Current;
            if ((bit & 7) == 0 && count >= 8 && current[bit >> 3] == (value ? 0 : 0xFF))
            {
                current[bit >> 3] = value ? (byte)0xFF : (byte)0;
                lcn += 8;
                count -= 8;
                _free += value ? -8 : 8;
                continue;
            }

            var mask = 1 << (bit & 7);
            if ((current[bit >> 3] & mask) != 0 == value)
            {
                throw NtfsError.BadMetafile("$Bitmap",
                    value ? $"cluster {lcn} is taken already" : $"cluster {lcn} of a file was marked free");
            }

            current[bit >> 3] ^= (byte)mask;
            lcn++;
            count--;
            _free += value ? -1 : 1;
        }

        _core.Changes.Count++;
    }

    private Part GetPart(long index)
    {
        if (_parts[index] is { } known)
        {
            return known;
        }

        var bytes = new byte[PartBytes];
        var size = (int)Math.Clamp(_data.DataSize - (index * PartBytes), 0, PartBytes);
        _core.Runs.Read(_data.Runs, _data.InitializedSize, index * PartBytes, bytes.AsSpan(0, size), FileReference.BitmapRecord);
        var part = new Part(bytes);
        if ((index + 1) * PartClusters > _count)
        {
            part.Tail = (byte[])bytes.Clone();
            var first = _count - (index * PartClusters);
            for (var bit = Math.Max(0, first); bit < PartClusters; bit++)
            {
                if ((bit & 7) == 0)
                {
                    bytes.AsSpan((int)(bit >> 3)).Fill(0xFF);
                    break;
                }

                bytes[bit >> 3] |= (byte)(1 << (int)(bit & 7));
            }
        }

        _parts[index] = part;
        return part;
    }

    private sealed class Part(byte[] current)
    {
        public byte[] Current { get; } = current;

        /// <summary>As the device has it, once something changed.</summary>
        public byte[]? Original { get; set; }

        /// <summary>As read, where the part reaches past the volume's end.</summary>
        public byte[] Tail { get; set; } = [];
    }
}
