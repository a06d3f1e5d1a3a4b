using System.Numerics;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine.Indexes;

/// <summary>An index of a file: what its root says about its blocks.</summary>
internal sealed class IndexFile
{
    /// <exception cref="CorruptImageException">
    /// <c>NTFS-0116</c>, <c>NTFS-0130</c>: there is no such index, or its root is damaged.
    /// </exception>
    public IndexFile(FileNode node, string name, VolumeGeometry geometry)
    {
        Node = node;
        Name = name;
        Root = node.Find(AttributeType.IndexRoot, name) is { IsResident: true } root
            ? root
            : throw NtfsError.MissingAttribute(node.Number, $"$INDEX_ROOT {name}");
        if (!IndexRootHeader.TryCreate(Root.Value, out var header)
            || header.BlockSize is < 512 or > 64 * 1024 || !BitOperations.IsPow2(header.BlockSize)
            || !IndexNodeHeader.TryCreate(Root.Value.AsSpan(IndexRootHeader.Layout.Node), out _))
        {
            throw NtfsError.BadIndex(node.Number, "the header of its root");
        }

        BlockSize = (int)header.BlockSize;
        Collation = header.Collation;
        VcnUnit = geometry.ClusterSize <= BlockSize ? geometry.ClusterSize : 512;
    }

    /// <summary>The file.</summary>
    public FileNode Node { get; }

    /// <summary>Name of the index.</summary>
    public string Name { get; }

    /// <summary>$INDEX_ROOT.</summary>
    public NodeAttribute Root { get; }

    /// <summary>Bytes per block.</summary>
    public int BlockSize { get; }

    /// <summary>Bytes per VCN of a sub-node: a cluster, or 512 where a cluster is larger than a block.</summary>
    public int VcnUnit { get; }

    /// <summary>Order of the keys.</summary>
    public CollationRule Collation { get; }

    /// <summary>$INDEX_ALLOCATION, or null while all entries are in the root.</summary>
    public NodeAttribute? Allocation =>
        Node.Find(AttributeType.IndexAllocation, Name) is { IsResident: false } allocation ? allocation : null;
}
