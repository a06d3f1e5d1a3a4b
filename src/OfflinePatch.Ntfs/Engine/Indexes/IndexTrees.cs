using OfflinePatch.Ntfs.Engine.Allocation;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Streams;

namespace OfflinePatch.Ntfs.Engine.Indexes;

/// <summary>
/// Opens the indexes of a volume, and holds what their trees share. It lives as long as the volume, a tree for one operation.
/// </summary>
internal sealed class IndexTrees(RunDevice device, NodeCache nodes, VolumeUpcase upcase, IndexBlockStore blocks, RecordSpace space,
    ClusterAllocator clusters, StreamEditor streams, ContentWriter content, ChangeCounter changes)
{
    /// <summary>Name of the index of a directory.</summary>
    public const string Directory = "$I30";

    public RunDevice Device { get; } = device;

    public UpcaseTable Upcase => upcase.Table;

    public IndexBlockStore Blocks { get; } = blocks;

    public RecordSpace Space { get; } = space;

    public ClusterAllocator Clusters { get; } = clusters;

    public StreamEditor Streams { get; } = streams;

    public ContentWriter Content { get; } = content;

    public ChangeCounter Changes { get; } = changes;

    /// <summary>An index of a file.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0116</c>, <c>NTFS-0130</c>.</exception>
    public IndexTree Open(FileNode node, string name = Directory) => new(this, new IndexFile(node, name, Device.Geometry));

    /// <summary>The same index after a change of the volume.</summary>
    public IndexTree Reopen(IndexTree tree) => Open(nodes.Get(tree.File.Node.Number), tree.File.Name);
}
