using OfflinePatch.Core;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Volume;

/// <summary>
/// Extends a volume to the end of a partition that is larger than the volume: $Bitmap, $BadClus, boot sector and its copy. Files, $MFT and
/// its mirror stay where they are. What Windows does for FSCTL_EXTEND_VOLUME, and ntfsresize; source of the structures: Linux-NTFS
/// documentation, $Boot, $Bitmap, $BadClus. Never makes a volume smaller.
/// </summary>
/// <remarks>
/// A $Bitmap that needs more clusters takes them where the new ones begin, so that a full or fragmented volume can grow too.
/// </remarks>
public sealed class NtfsGrowth
{
    /// <summary>NTFS as Windows implements it: 2^32 - 1 clusters.</summary>
    public const long MaxClusters = 0xFFFF_FFFF;

    /// <summary>Bytes of the largest volume that is made: above, no independent reader has judged the result.</summary>
    public const long MaxLength = 128L << 40;

    private const int BufferSize = 1024 * 1024;
    private const int BitmapUnit = 8; // Windows rounds $Bitmap up to 64 bits and sets those after the last cluster

    private readonly BlockDevice _device;
    private readonly NtfsVolume _volume;
    private readonly VolumeGeometry _geometry;
    private readonly long _clusters;

    /// <summary>Opens the volume of a partition; writes nothing.</summary>
    /// <param name="partition">The partition, with the length that the volume is to fill.</param>
    /// <param name="options">How the volume is opened.</param>
    /// <param name="length">Bytes that the partition is going to have, where the question comes before it has them; else 0.</param>
    /// <exception cref="CorruptImageException">The volume is damaged.</exception>
    /// <exception cref="UnsupportedImageException">An NTFS version that is not known.</exception>
    public NtfsGrowth(BlockDevice partition, NtfsOpenOptions? options = null, long length = 0)
    {
        _device = partition;
        _volume = NtfsVolume.Open(partition, options);
        _geometry = _volume.Geometry;
        TotalSectors = Math.Max(_geometry.TotalSectors, (Math.Max(partition.Length, length) / _geometry.BytesPerSector) - 1);
        _clusters = TotalSectors / (_geometry.ClusterSize / _geometry.BytesPerSector);
    }

    /// <summary>Sectors of the volume after the growth, without the copy of the boot sector: at least as many as now.</summary>
    public long TotalSectors { get; }

    /// <summary>Whether the partition has room that the volume does not use.</summary>
    public bool IsNeeded => TotalSectors > _geometry.TotalSectors;

    /// <summary>Bytes by which the volume grows; 0 where it fills its partition.</summary>
    public long Bytes => (TotalSectors - _geometry.TotalSectors) * _geometry.BytesPerSector;

    /// <summary>Refuses what <see cref="Apply"/> would refuse; reads all FILE records, writes nothing.</summary>
    /// <exception cref="RefusedException">
    /// <c>NTFS-0328</c>: more clusters than NTFS has, or more bytes than are proven. <c>NTFS-0329</c>: the volume is dirty, hibernated or
    /// its log is not closed. <c>NTFS-0303</c> to <c>NTFS-0306</c>, <c>NTFS-0326</c>: it must not be written at all.
    /// </exception>
    public void Check()
    {
        CheckLimits(_geometry.ClusterSize, _clusters, TotalSectors * _geometry.BytesPerSector);
        if (_volume.State.WriteProblem is { } problem)
        {
            throw NtfsError.NotExtended(problem);
        }

        WriteGates.CheckVolume(_volume.Core.Records, _volume.Core.Nodes, _volume.Core.Proof);
    }

    /// <summary>
    /// Extends the volume. The writes go to the device at once: it is a transaction's view. If it is open, it must be reopened.
    /// </summary>
    /// <returns>Whether anything was written; false where the volume fills its partition.</returns>
    /// <exception cref="RefusedException">As <see cref="Check"/>; <c>NTFS-0311</c>: the record of $Bitmap or $BadClus has no room;
    /// <c>NTFS-0301</c>: the device is read-only, or shorter than was said. Nothing was written.</exception>
    /// <exception cref="CorruptImageException"><c>NTFS-0140</c>: $Bitmap or $BadClus is damaged. Nothing was written.</exception>
    public bool Apply()
    {
        if (!IsNeeded)
        {
            return false;
        }

        Check();
        if (!_device.CanWrite || TotalSectors >= _device.Length / _geometry.BytesPerSector)
        {
            throw NtfsError.ReadOnly();
        }

        if (_clusters > _geometry.ClusterCount)
        {
            ExtendMetafiles();
        }

        new NtfsBootSectors(_device).SetTotalSectors(TotalSectors);
        _device.Flush();
        return true;
    }

    /// <summary>
    /// Checks the volume after <see cref="Apply"/>, as the device has it: metafiles, the records that were changed, and for every FILE
    /// record that $Bitmap knows its clusters.
    /// </summary>
    /// <exception cref="CorruptImageException">The volume cannot be opened.</exception>
    public IReadOnlyList<VolumeFinding> CheckResult()
    {
        using var volume = NtfsVolume.Open(_device, _volume.Core.Options);
        return
        [
            .. NtfsChecker.CheckTouched(_device, [FileReference.BitmapRecord, FileReference.BadClusRecord]),
            .. volume.FindObstacles(),
        ];
    }

    /// <summary>Refuses a volume that NTFS cannot have.</summary>
    internal static void CheckLimits(int clusterSize, long clusters, long bytes)
    {
        if (clusters > MaxClusters || bytes > MaxLength)
        {
            throw NtfsError.TooLargeToExtend(clusterSize, Math.Min(MaxClusters * clusterSize, MaxLength));
        }
    }

    private void ExtendMetafiles()
    {
        var core = _volume.Core;
        var links = new LinkEditor(core.Nodes, core.Records, core.Indexes);
        var bitmap = core.Nodes.Get(FileReference.BitmapRecord);
        var bits = bitmap.Find(AttributeType.Data, "") ?? throw NtfsError.BadMetafile("$Bitmap", "no $DATA");
        var bad = core.Nodes.Get(FileReference.BadClusRecord);
        var hole = bad.Find(AttributeType.Data, "$Bad") ?? throw NtfsError.BadMetafile("$BadClus", "no stream $Bad");
        if (hole.IsResident || hole.Runs.ClusterCount != _geometry.ClusterCount || bits.IsResident || bits.Runs.HasHoles
            || bits.IsCompressedOrSparse)
        {
            throw NtfsError.BadMetafile(hole.IsResident || hole.Runs.ClusterCount != _geometry.ClusterCount ? "$BadClus" : "$Bitmap",
                $"{hole.Runs.ClusterCount} clusters of {_geometry.ClusterCount}, or a resident or sparse $Bitmap");
        }

        var end = (_clusters + 63) / 64 * BitmapUnit;
        var length = Math.Max(bits.DataSize, end);
        var first = _geometry.ClusterCount;
        var taken = Math.Max(0, _geometry.ClustersFor(length) - bits.Runs.ClusterCount);
        var initialized = bits.InitializedSize;
        if (taken > 0)
        {
            bits.Runs.Append(first, taken);
        }

        bits.DataSize = length;
        bits.InitializedSize = Math.Max(initialized, end);
        hole.Runs.Append(-1, _clusters - first);
        hole.DataSize = _clusters << _geometry.ClusterShift;

        // Both are stored, or neither: a record without room refuses before the first byte.
        core.Writer.Store(bad);
        core.Writer.Store(bitmap);
        links.RefreshAll(bad);
        links.RefreshAll(bitmap);
        core.Writer.Store(bad);
        core.Writer.Store(bitmap);
        core.Flush();
        WriteBits(bits.Runs, initialized, length, first, taken);
    }

    /// <summary>
    /// Writes $Bitmap from the byte of the first new cluster to its end: its own new clusters and the bits after the last cluster set, the
    /// rest free. Bits after the new end that the stream had already stay.
    /// </summary>
    private void WriteBits(RunList runs, long initialized, long length, long first, long taken)
    {
        var end = (_clusters + 63) / 64 * BitmapUnit;
        var start = Math.Min(first / 8, initialized);
        var buffer = new byte[BufferSize];
        for (var at = start; at < end; at += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at));
            part.Clear();
            if (at == start)
            {
                KeepFirst(runs, part, start, first);
            }

            SetRange(part, at * 8, first, first + taken);
            SetRange(part, at * 8, _clusters, end * 8);
            Write(runs, at, part);
        }

        // The rest of the last cluster is unused; new clusters may hold old bytes of the disk.
        var allocated = runs.ClusterCount << _geometry.ClusterShift;
        if (taken > 0 && allocated > length)
        {
            Write(runs, length, new byte[allocated - length]);
        }
    }

    /// <summary>The bits of old clusters in the first byte that is written.</summary>
    private void KeepFirst(RunList runs, Span<byte> part, long start, long first)
    {
        var old = (int)(first - (start * 8));
        if (old is > 0 and < 8)
        {
            _volume.Core.Runs.Read(runs, long.MaxValue, start, part[..1], FileReference.BitmapRecord);
            part[0] &= (byte)((1 << old) - 1);
        }
    }

    private static void SetRange(Span<byte> part, long partBit, long from, long to)
    {
        var bit = Math.Max(from, partBit);
        var end = Math.Min(to, partBit + (part.Length * 8L));
        while (bit < end)
        {
            var at = (int)((bit - partBit) >> 3);
            if ((bit & 7) == 0 && end - bit >= 8)
            {
                var whole = (int)((end - bit) / 8);
                part.Slice(at, whole).Fill(0xFF);
                bit += whole * 8L;
                continue;
            }

            part[at] |= (byte)(1 << (int)(bit & 7));
            bit++;
        }
    }

    private void Write(RunList runs, long offset, ReadOnlySpan<byte> bytes)
    {
        var walk = new RunWalk(runs, _geometry.ClusterShift, offset, bytes.Length);
        while (walk.MoveNext() && !walk.IsHole)
        {
            WritePart(walk.VolumeOffset, bytes.Slice((int)walk.Done, (int)walk.Count));
        }

        RunDevice.RequireAll(walk, offset, bytes.Length, FileReference.BitmapRecord);
    }

    /// <summary>$Bitmap of a large volume is almost all zeros, and so is what a disk grew by: holes stay holes.</summary>
    private void WritePart(long offset, ReadOnlySpan<byte> bytes)
    {
        var extent = _device.GetExtent(offset);
        if (!extent.IsZero || extent.Length < bytes.Length || bytes.ContainsAnyExcept((byte)0))
        {
            _device.Write(offset, bytes);
        }
    }
}
