using OfflinePatch.Ntfs.Engine.Allocation;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Streams;

/// <summary>
/// Writes the content of streams before the flush. Clusters that are free on the volume as the device has it are written at once; bytes
/// of others are held back, so that what the volume owns stays whole until then.
/// </summary>
internal sealed class ContentWriter(RunDevice device, ClusterBitmap bitmap)
{
    /// <summary>Writes bytes of a stream through its runs, which must cover the range without holes.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0120</c>: a part of the range has no clusters.</exception>
    public void Write(RunList runs, long offset, ReadOnlySpan<byte> bytes, long record)
    {
        var walk = new RunWalk(runs, device.Geometry.ClusterShift, offset, bytes.Length);
        while (walk.MoveNext() && !walk.IsHole)
        {
            Write(walk.VolumeOffset, bytes.Slice((int)walk.Done, (int)walk.Count));
        }

        RunDevice.RequireAll(walk, offset, bytes.Length, record);
    }

    private void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        // cluster by cluster: a held-back copy of a cluster that later writes go around would hide them
        var shift = device.Geometry.ClusterShift;
        while (bytes.Length > 0)
        {
            var first = offset >> shift;
            var last = (offset + bytes.Length - 1) >> shift;
            var alike = bitmap.CountAlike(first, last - first + 1, out var wasAllocated);
            var count = (int)Math.Min(bytes.Length, ((first + alike) << shift) - offset);
            if (wasAllocated)
            {
                device.HoldBack(offset, bytes[..count]);
            }
            else
            {
                device.Device.Write(offset, bytes[..count]);
            }

            bytes = bytes[count..];
            offset += count;
        }
    }
}
