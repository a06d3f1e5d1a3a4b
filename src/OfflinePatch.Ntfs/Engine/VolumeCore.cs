using OfflinePatch.Ntfs.Engine.Allocation;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine;

/// <summary>
/// Builds the parts of an open volume, each over the parts that it needs, and flushes them in order. All live as long as the volume.
/// Everything that is changed stays in their caches until <see cref="Flush"/>; only bytes of clusters that nothing on the volume owns go
/// to the device at once.
/// </summary>
internal sealed class VolumeCore
{
    private readonly MirrorWriter _mirror;
    private RecordAllocator? _recordAllocator;
    private UpcaseTable? _upcase;

    public VolumeCore(BlockDevice device, VolumeGeometry geometry, NtfsOpenOptions options)
    {
        Options = options;
        Runs = new RunDevice(device, geometry);
        Records = new RecordStore(Runs, Changes);
        Reader = new NodeReader(Records, Runs);
        Nodes = new NodeCache(Reader);
        Paths = new RecordPath(Records, Reader);
        _mirror = new MirrorWriter(Records, Nodes, Runs);
        Bitmap = new ClusterBitmap(Nodes, Runs, Changes);
        RecordBitmap = new RecordBitmap(Records, Nodes, Runs);
        Owners = new OwnerReader(Records, Reader, RecordBitmap, Runs);
        Proof = new AllocationProof(Owners, Bitmap, Paths);
        Clusters = new ClusterAllocator(Bitmap, Proof, geometry);
        Content = new ContentWriter(Runs, Bitmap);
        Blocks = new IndexBlockStore(this);
    }

    public NtfsOpenOptions Options { get; }

    public RunDevice Runs { get; }

    public BlockDevice Device => Runs.Device;

    public VolumeGeometry Geometry => Runs.Geometry;

    public ChangeCounter Changes { get; } = new();

    public RecordStore Records { get; }

    public NodeReader Reader { get; }

    public NodeCache Nodes { get; }

    public RecordPath Paths { get; }

    public ClusterBitmap Bitmap { get; }

    public RecordBitmap RecordBitmap { get; }

    public OwnerReader Owners { get; }

    public AllocationProof Proof { get; }

    public ClusterAllocator Clusters { get; }

    public ContentWriter Content { get; }

    public IndexBlockStore Blocks { get; }

    public RecordAllocator RecordAllocator => _recordAllocator ??= new RecordAllocator(this);

    /// <summary>The volume's $UpCase, read when first needed.</summary>
    public UpcaseTable Upcase => _upcase ??= ReadUpcase();

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
        RecordAllocator.Flush();
        Runs.FlushPending();
        Clusters.Flush();
        Blocks.Flush();
        _mirror.Update(Records.Write());
        Records.Forget();
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
        data.Read(Runs, node.Number, 0, bytes);
        return new UpcaseTable(bytes);
    }
}
