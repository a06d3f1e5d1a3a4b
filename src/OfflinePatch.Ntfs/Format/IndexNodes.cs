using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Format;

/// <summary>
/// Small B-trees, written at once: a root with its entries, or an empty root over one block. Source: Linux-NTFS documentation, Index
/// Record.
/// </summary>
internal static class IndexNodes
{
    /// <summary>$INDEX_ROOT that holds all entries itself.</summary>
    public static byte[] SmallRoot(AttributeType indexed, CollationRule collation, byte clustersPerBlock, IEnumerable<byte[]> entries)
    {
        byte[] body = [.. entries.SelectMany(e => e), .. IndexEntries.Last()];
        return Root(indexed, collation, clustersPerBlock, body, hasSubNodes: false);
    }

    /// <summary>$INDEX_ROOT whose only entry leads to block 0.</summary>
    public static byte[] LargeRoot(AttributeType indexed, CollationRule collation, byte clustersPerBlock) =>
        Root(indexed, collation, clustersPerBlock, IndexEntries.Last(subNode: 0), hasSubNodes: true);

    /// <summary>A leaf block with all entries, protected.</summary>
    public static byte[] Leaf(long vcn, IEnumerable<byte[]> entries)
    {
        var block = new byte[FormatGeometry.IndexBlockSize];
        var first = new IndexBlockWriter(block).Initialise(vcn);
        var node = block.AsSpan(IndexBlockLayout.Node);
        var used = first;
        foreach (var entry in entries.Append(IndexEntries.Last()))
        {
            entry.CopyTo(node[used..]);
            used += entry.Length;
        }

        new IndexNodeWriter(node).SetEntries(first, used, node.Length);
        UpdateSequence.TryEncode(block);
        return block;
    }

    private static byte[] Root(AttributeType indexed, CollationRule collation, byte clustersPerBlock, byte[] body, bool hasSubNodes)
    {
        var value = new byte[IndexRootHeader.Layout.Size + body.Length];
        new IndexRootWriter(value).Initialise(indexed, collation, FormatGeometry.IndexBlockSize, clustersPerBlock);
        var size = IndexNodeHeader.Layout.Size + body.Length;
        var node = new IndexNodeWriter(value.AsSpan(IndexRootHeader.Layout.Node));
        node.SetEntries(IndexNodeHeader.Layout.Size, size, size);
        node.SetHasSubNodes(hasSubNodes);
        body.CopyTo(value, IndexRootHeader.Layout.Size);
        return value;
    }
}
