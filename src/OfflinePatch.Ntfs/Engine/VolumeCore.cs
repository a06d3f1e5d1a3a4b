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
    private UpcaseTable? _upcase;
    private ClusterBitmap? _bitmap;
    private RecordAllocator? _recordAllocator;
    private ContentWriter? _content;
    private IReadOnlyList<VolumeFinding>? _allocationFindings;

    public VolumeCore(BlockDevice device, VolumeGeometry geometry, NtfsOpenOptions options)
    {
        Runs = new RunDevice(device, geometry);
        Options = options;
        Records = new RecordStore(this);
        Nodes = new NodeCache(this);
        Blocks = new IndexBlockStore(this);
    }

    public RunDevice Runs { get; }

    public BlockDevice Device => Runs.Device;

    public VolumeGeometry Geometry => Runs.Geometry;

    public NtfsOpenOptions Options { get; }

    public RecordStore Records { get; }

    public NodeCache Nodes { get; }

    public IndexBlockStore Blocks { get; }

    public ChangeCounter Changes { get; } = new();

    /// <summary>The volume's $UpCase, read when first needed.</summary>
    public UpcaseTable Upcase => _upcase ??= ReadUpcase();

    /// <summary>$Bitmap.</summary>
    public ClusterBitmap Bitmap => _bitmap ??= new ClusterBitmap(this);

    /// <summary>Writes content before the flush.</summary>
    public ContentWriter Content => _content ??= new ContentWriter(Runs, Bitmap);

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

    /// <summary>Writes the dirty caches in this order: content, $MFT's bitmap, $Bitmap, index blocks, records, mirror.</summary>
    public void Flush()
    {
        Runs.FlushPending();
        _recordAllocator?.Flush();
        Runs.FlushPending();
        _bitmap?.Flush();
        Blocks.Flush();
        Records.Flush();
        Device.Flush();
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
