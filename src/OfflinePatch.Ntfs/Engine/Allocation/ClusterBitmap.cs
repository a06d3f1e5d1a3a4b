using System.Numerics;
using System.Runtime.InteropServices;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Allocation;

/// <summary>
/// $Bitmap, read in parts when needed. It also knows which clusters were in use before the flush: those must not be allocated again
/// until then.
/// </summary>
internal sealed class ClusterBitmap
{
    private const int PartBytes = 32 * 1024;
    private const long PartClusters = PartBytes * 8L;

    private readonly NodeCache _nodes;
    private readonly RunDevice _device;
    private readonly ChangeCounter _changes;
    private readonly Part?[] _parts;
    private readonly long _count;
    private NodeAttribute? _data;
    private long _free = -1;

    public ClusterBitmap(NodeCache nodes, RunDevice device, ChangeCounter changes)
    {
        _nodes = nodes;
        _device = device;
        _changes = changes;
        _count = device.Geometry.ClusterCount;
        _parts = new Part?[(_count / PartClusters) + 1];
    }

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
            var limit = (int)Math.Min(PartBytes, Data.DataSize - (index * PartBytes));
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

    }

    /// <summary>Whether a cluster is in use, or was before the flush and <paramref name="reuse"/> is not allowed.</summary>
    public bool IsBlocked(long lcn, bool reuse)
    {
        var part = GetPart(lcn / PartClusters);
        var bit = (int)(lcn % PartClusters);
        var value = part.Current[bit >> 3] | (!reuse && part.Original is { } original ? original[bit >> 3] : 0);
        return (value >> (bit & 7) & 1) != 0;
    }

    /// <summary>Marks clusters. Only <see cref="ClusterAllocator"/> does it, which has the proof that a change is safe.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0140</c>: one of them is marked so already.</exception>
    public void Set(long lcn, long count, bool value)
    {
        _ = FreeClusters;
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

        _changes.Count++;
    }

    /// <summary>A bit for each of 64 clusters, set where it is in use or was before the flush.</summary>
    /// <param name="lcn">The first of them, a multiple of 64.</param>
    public ulong Blocked64(long lcn)
    {
        var part = GetPart(lcn / PartClusters);
        var at = (int)(lcn % PartClusters) >> 3;
        return BitConverter.ToUInt64(part.Current, at) | (part.Original is { } original ? BitConverter.ToUInt64(original, at) : 0);
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

        _device.WriteThrough(Data.Runs, offset, bytes, FileReference.BitmapRecord);
    }

    private bool WasAllocated(long lcn)
    {
        var part = GetPart(lcn / PartClusters);
        var bit = (int)(lcn % PartClusters);
        return ((part.Original ?? part.Current)[bit >> 3] >> (bit & 7) & 1) != 0;
    }

    private NodeAttribute Data => _data ??= Open();

    private NodeAttribute Open()
    {
        var node = _nodes.Get(FileReference.BitmapRecord);
        var data = node.Find(AttributeType.Data, "") ?? throw NtfsError.BadMetafile("$Bitmap", "no $DATA");
        if (data.DataSize < (_count / 8) + (_count % 8 != 0 ? 1 : 0) || data.DataSize > int.MaxValue / 2)
        {
            throw NtfsError.BadMetafile("$Bitmap", $"{data.DataSize} bytes for {_count} clusters");
        }

        return data.IsResident ? throw NtfsError.BadMetafile("$Bitmap", "resident $DATA") : data;
    }

    private Part GetPart(long index)
    {
        if (_parts[index] is { } known)
        {
            return known;
        }

        var bytes = new byte[PartBytes];
        var size = (int)Math.Clamp(Data.DataSize - (index * PartBytes), 0, PartBytes);
        _device.Read(Data.Runs, Data.InitializedSize, index * PartBytes, bytes.AsSpan(0, size), FileReference.BitmapRecord);
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
