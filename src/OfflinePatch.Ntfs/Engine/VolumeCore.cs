using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Allocation;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine;

/// <summary>
/// What all parts of an open volume share: the device, the geometry, and the caches. Everything that is changed stays in these caches
/// until <see cref="Flush"/>; only bytes of clusters that nothing on the volume owns go to the device at once.
/// </summary>
internal sealed class VolumeCore
{
    private readonly PendingWrites _pending;
    private UpcaseTable? _upcase;
    private ClusterBitmap? _bitmap;
    private RecordAllocator? _recordAllocator;
    private IReadOnlyList<VolumeFinding>? _allocationFindings;

    public VolumeCore(BlockDevice device, VolumeGeometry geometry, NtfsOpenOptions options)
    {
        Device = device;
        _pending = new PendingWrites(geometry.ClusterSize);
        Geometry = geometry;
        Options = options;
        Records = new RecordStore(this);
        Nodes = new NodeCache(this);
        Blocks = new IndexBlockStore(this);
    }

    public BlockDevice Device { get; }

    public VolumeGeometry Geometry { get; }

    public NtfsOpenOptions Options { get; }

    public RecordStore Records { get; }

    public NodeCache Nodes { get; }

    public IndexBlockStore Blocks { get; }

    /// <summary>Raised by every change: walks that are under way find their place again.</summary>
    public int ChangeCount { get; set; }

    /// <summary>The volume's $UpCase, read when first needed.</summary>
    public UpcaseTable Upcase => _upcase ??= ReadUpcase();

    /// <summary>$Bitmap.</summary>
    public ClusterBitmap Bitmap => _bitmap ??= new ClusterBitmap(this);

    /// <summary>$MFT's bitmap.</summary>
    public RecordAllocator RecordAllocator => _recordAllocator ??= new RecordAllocator(this);

    /// <summary>
    /// Refuses a volume on which the records and $Bitmap disagree about what is free. Called before the first change and by everything that
    /// takes or gives back clusters; reads all records the first time.
    /// </summary>
    /// <exception cref="RefusedException"><c>NTFS-0304</c> to <c>NTFS-0306</c>. Nothing was changed.</exception>
    public void RequireAllocationProof()
    {
        if (AllocationFindings(CancellationToken.None) is { Count: > 0 } findings)
        {
            throw NtfsError.UnsafeAllocation(findings);
        }
    }

    /// <summary>Where the records and $Bitmap disagree about what is free, as the volume was before the first change.</summary>
    public IReadOnlyList<VolumeFinding> AllocationFindings(CancellationToken cancellation) =>
        _allocationFindings ??= AllocationCheck.Run(this, cancellation);

    /// <summary>FILETIME of now.</summary>
    public long Now()
    {
        var now = Options.TimeProvider.GetUtcNow().UtcDateTime;
        return now.ToFileTimeUtc();
    }

    /// <summary>Reads bytes of the volume as they will be after the flush.</summary>
    public void ReadVolume(long offset, Span<byte> buffer)
    {
        Device.Read(offset, buffer);
        if (!_pending.IsEmpty)
        {
            _pending.Overlay(offset, buffer);
        }
    }

    /// <summary>
    /// Reads a stream through its runs: holes, and bytes from <paramref name="initialized"/> on, are zeros. The range is inside the runs.
    /// </summary>
    public void ReadRuns(RunList runs, long initialized, long offset, Span<byte> buffer, long record)
    {
        if (offset + buffer.Length > initialized)
        {
            var keep = (int)Math.Max(0, initialized - offset);
            buffer[keep..].Clear();
            buffer = buffer[..keep];
        }

        var shift = Geometry.ClusterShift;
        var index = buffer.Length == 0 ? -1 : runs.IndexOf(offset >> shift);
        while (buffer.Length > 0)
        {
            if (index < 0 || index >= runs.Runs.Count)
            {
                throw NtfsError.BadRuns(record, $"no run for byte {offset}");
            }

            var run = runs.Runs[index];
            var within = offset - (run.Vcn << shift);
            var count = (int)Math.Min(buffer.Length, (run.Count << shift) - within);
            if (run.IsHole)
            {
                buffer[..count].Clear();
            }
            else
            {
                ReadVolume((run.Lcn << shift) + within, buffer[..count]);
            }

            buffer = buffer[count..];
            offset += count;
            index++;
        }
    }

    /// <summary>
    /// Writes bytes of a stream through its runs, which must cover the range without holes. Clusters that are free on the volume as it
    /// is on the device are written at once, others held back.
    /// </summary>
    public void WriteRuns(RunList runs, long offset, ReadOnlySpan<byte> bytes, long record)
    {
        var shift = Geometry.ClusterShift;
        var index = bytes.Length == 0 ? -1 : runs.IndexOf(offset >> shift);
        while (bytes.Length > 0)
        {
            if (index < 0 || index >= runs.Runs.Count || runs.Runs[index].IsHole)
            {
                throw NtfsError.BadRuns(record, $"no clusters for byte {offset}");
            }

            var run = runs.Runs[index];
            var within = offset - (run.Vcn << shift);
            var count = (int)Math.Min(bytes.Length, (run.Count << shift) - within);
            WriteVolume((run.Lcn << shift) + within, bytes[..count]);
            bytes = bytes[count..];
            offset += count;
            index++;
        }
    }

    /// <summary>Writes the dirty caches in this order: content, $MFT's bitmap, $Bitmap, index blocks, records, mirror.</summary>
    public void Flush()
    {
        _pending.Flush(Device);
        _recordAllocator?.Flush();
        _pending.Flush(Device);
        _bitmap?.Flush(Device);
        Blocks.Flush();
        Records.Flush();
        Device.Flush();
    }

    private void WriteVolume(long offset, ReadOnlySpan<byte> bytes)
    {
        // cluster by cluster: a held-back copy of a cluster that later writes go around would hide them
        var shift = Geometry.ClusterShift;
        while (bytes.Length > 0)
        {
            var first = offset >> shift;
            var last = (offset + bytes.Length - 1) >> shift;
            var alike = Bitmap.CountAlike(first, last - first + 1, out var wasAllocated);
            var count = (int)Math.Min(bytes.Length, ((first + alike) << shift) - offset);
            if (wasAllocated)
            {
                _pending.Write(Device, offset, bytes[..count]);
            }
            else
            {
                Device.Write(offset, bytes[..count]);
            }

            bytes = bytes[count..];
            offset += count;
        }
    }

    private UpcaseTable ReadUpcase()
    {
        var node = Nodes.Get(FileReference.UpCaseRecord);
        var data = node.Find(AttributeType.Data, "") ?? throw NtfsError.BadMetafile("$UpCase", "no $DATA");
        if (data.DataSize != UpcaseTable.Size)
        {
            throw NtfsError.BadMetafile("$UpCase", $"{data.DataSize} bytes instead of {UpcaseTable.Size}");
        }

        var bytes = new byte[UpcaseTable.Size];
        data.Read(this, node.Number, 0, bytes);
        return new UpcaseTable(bytes);
    }
}
