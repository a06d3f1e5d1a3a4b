using OfflinePatch.Ntfs.Engine.Allocation;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Engine.Security;
using OfflinePatch.Ntfs.Engine.Storage;
using OfflinePatch.Ntfs.Engine.Streams;

namespace OfflinePatch.Ntfs.Engine.Volumes;

/// <summary>
/// Builds the parts of an open volume, each over the parts that it needs, and flushes them in order. All live as long as the volume.
/// Everything that is changed stays in their caches until <see cref="Flush"/>; only bytes of clusters that nothing on the volume owns go
/// to the device at once.
/// </summary>
internal sealed class VolumeCore
{
    private readonly MirrorWriter _mirror;
    private readonly VolumeUpcase _upcase;
    private readonly MftGrowth _growth;

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
        Space = new RecordSpace(Records, geometry);
        Streams = new StreamEditor(Space, Clusters, Content, geometry);
        Blocks = new IndexBlockStore(Runs, Nodes, Changes);
        _upcase = new VolumeUpcase(Nodes, Runs);
        Trees = new IndexTrees(Runs, Nodes, _upcase, Blocks, Space, Clusters, Streams, Content, Changes);

        // $MFT is stored with records of its own, every other file with records that $MFT may grow for
        var reserved = new ReservedRecords(RecordBitmap, Records, Nodes);
        var mftWriter = new NodeWriter(Records, Space, reserved, Clusters, Streams, Trees, Content);
        _growth = new MftGrowth(Records, Nodes, RecordBitmap, reserved, Space, mftWriter, Clusters, Content, Changes);
        RecordAllocator = new RecordAllocator(RecordBitmap, Records, Nodes, _growth);
        Writer = new NodeWriter(Records, Space, RecordAllocator, Clusters, Streams, Trees, Content);
        Indexes = new IndexEditor(Trees, Writer);
        Security = new SecurityStore(Runs, Nodes, Trees, Indexes, Streams, Writer);
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

    public RecordSpace Space { get; }

    public StreamEditor Streams { get; }

    public IndexTrees Trees { get; }

    public IndexEditor Indexes { get; }

    public RecordAllocator RecordAllocator { get; }

    public NodeWriter Writer { get; }

    public SecurityStore Security { get; }

    /// <summary>The volume's $UpCase, read when first needed.</summary>
    public UpcaseTable Upcase => _upcase.Table;

    /// <summary>FILETIME of now.</summary>
    public long Now() => FileTime.Now(Options.TimeProvider);

    /// <summary>Writes the dirty caches in this order: content, $MFT's bitmap, $Bitmap, index blocks, records, mirror.</summary>
    public void Flush()
    {
        Runs.FlushPending();
        _growth.Flush();
        Runs.FlushPending();
        Clusters.Flush();
        Blocks.Flush();
        _mirror.Update(Records.Write());
        Records.Forget();
        Device.Flush();
    }
}
