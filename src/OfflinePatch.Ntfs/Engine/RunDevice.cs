using OfflinePatch.Core.Devices;
using OfflinePatch.Core.Errors;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine;

/// <summary>
/// The device of a volume, addressed through the runs of a stream. Reads show the volume as it will be after the flush: it owns the bytes
/// that are held back until then.
/// </summary>
internal sealed class RunDevice(BlockDevice device, VolumeGeometry geometry)
{
    private readonly PendingWrites _pending = new(geometry.ClusterSize);

    /// <summary>The device itself. Writes to it are not held back, and not seen by bytes that are.</summary>
    public BlockDevice Device { get; } = device;

    /// <summary>What the boot sector says.</summary>
    public VolumeGeometry Geometry { get; } = geometry;

    /// <summary>
    /// Reads a stream through its runs: holes, and bytes from <paramref name="initialized"/> on, are zeros. The range is inside the runs.
    /// </summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0120</c>: the runs end before the range does.</exception>
    public void Read(RunList runs, long initialized, long offset, Span<byte> buffer, long record)
    {
        if (offset + buffer.Length > initialized)
        {
            var keep = (int)Math.Max(0, initialized - offset);
            buffer[keep..].Clear();
            buffer = buffer[..keep];
        }

        var walk = new RunWalk(runs, Geometry.ClusterShift, offset, buffer.Length);
        while (walk.MoveNext())
        {
            var piece = buffer.Slice((int)walk.Done, (int)walk.Count);
            if (walk.IsHole)
            {
                piece.Clear();
                continue;
            }

            Device.Read(walk.VolumeOffset, piece);
            if (!_pending.IsEmpty)
            {
                _pending.Overlay(walk.VolumeOffset, piece);
            }
        }

        if (walk.Done < buffer.Length)
        {
            throw NtfsError.BadRuns(record, $"no run for byte {offset + walk.Done}");
        }
    }

    /// <summary>Writes a stream through its runs to the device at once: for what is written by the flush itself.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0120</c>: a part of the range has no clusters.</exception>
    public void WriteThrough(RunList runs, long offset, ReadOnlySpan<byte> bytes, long record)
    {
        var walk = new RunWalk(runs, Geometry.ClusterShift, offset, bytes.Length);
        while (walk.MoveNext() && !walk.IsHole)
        {
            Device.Write(walk.VolumeOffset, bytes.Slice((int)walk.Done, (int)walk.Count));
        }

        RequireAll(walk, offset, bytes.Length, record);
    }

    /// <summary>Hints to the host which bytes of a stream will be read soon.</summary>
    public void Prefetch(RunList runs, long offset, long length)
    {
        var walk = new RunWalk(runs, Geometry.ClusterShift, offset, length);
        while (walk.MoveNext())
        {
            if (!walk.IsHole)
            {
                Device.Prefetch(walk.VolumeOffset, walk.Count);
            }
        }
    }

    /// <summary>Buffers bytes of the volume until <see cref="FlushPending"/>.</summary>
    public void HoldBack(long volumeOffset, ReadOnlySpan<byte> bytes) => _pending.Write(Device, volumeOffset, bytes);

    /// <summary>Writes what was buffered.</summary>
    public void FlushPending() => _pending.Flush(Device);

    /// <summary>Refuses a walk that a write ended before its range did.</summary>
    public static void RequireAll(in RunWalk walk, long offset, long length, long record)
    {
        if (walk.Done < length)
        {
            throw NtfsError.BadRuns(record, $"no clusters for byte {offset + walk.Done}");
        }
    }
}
