using OfflinePatch.Core;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine.Indexes;

/// <content>
/// Deletion. An entry of an inner node is replaced by the largest of its sub-tree; a leaf that becomes empty is released and the parent's
/// entry beside it goes back into the tree.
/// </content>
internal sealed partial class IndexTree
{
    /// <summary>Removes a key; false when it is not there.</summary>
    public bool Delete(ReadOnlySpan<byte> key)
    {
        var path = new List<IndexStep>();
        if (!TryFind(key, exact: true, out _, out _, path))
        {
            return false;
        }

        RequireMarkedBlocks();
        var (node, at) = path[^1];
        if (node.HasSubNodes)
        {
            ReplaceInner(path);
        }
        else
        {
            RemoveEntry(node, at);
            ReleaseIfEmpty(path, path.Count - 1);
        }

        return true;
    }

    /// <summary>Replaces the entry at the end of the path by the largest entry below it.</summary>
    private void ReplaceInner(List<IndexStep> path)
    {
        var (node, at) = path[^1];
        var child = node.Entry(at, Node.Number).SubNode;
        var below = new List<IndexStep>();
        if (!TryDescendToLargest(child, below))
        {
            throw NtfsError.BadIndex(Node.Number, $"an empty leaf below VCN {child}");
        }

        var (leaf, leafAt) = below[^1];
        var largest = leaf.Entry(leafAt, Node.Number).Bytes.ToArray();

        // the old entry out, the new one in at the same place: it may split this node
        RemoveEntry(node, at);
        if (node.IsRoot)
        {
            path[^1] = new IndexStep(Root, at);
        }

        InsertAt(path, path.Count - 1, WithSubNode(largest, child));

        // its first place: the nodes above may have changed, so it is looked up again
        var keyLength = System.Buffers.Binary.BinaryPrimitives.ReadUInt16LittleEndian(largest.AsSpan(IndexEntry.Layout.KeyLength));
        var again = new List<IndexStep>();
        if (!TryFind(largest.AsSpan(IndexEntry.Layout.Key, keyLength), exact: true, out _, out _, again)
            || !TryDescendToLargest(child, again))
        {
            throw NtfsError.BadIndex(Node.Number, "an entry that was just moved is gone");
        }

        RemoveEntry(again[^1].Node, again[^1].At);
        ReleaseIfEmpty(again, again.Count - 1);
    }

    /// <summary>Appends the steps to the last entry of the right-most leaf below a block.</summary>
    private bool TryDescendToLargest(long vcn, List<IndexStep> path)
    {
        for (var depth = 0; depth < MaxDepth; depth++)
        {
            var node = GetNode(vcn);
            int at = node.First, previous = -1;
            while (true)
            {
                var entry = node.Entry(at, Node.Number);
                if (entry.IsLast)
                {
                    break;
                }

                previous = at;
                at += entry.Length;
            }

            if (!node.HasSubNodes)
            {
                path.Add(new IndexStep(node, previous));
                return previous >= 0;
            }

            path.Add(new IndexStep(node, at));
            vcn = node.Entry(at, Node.Number).SubNode;
        }

        throw NtfsError.BadIndex(Node.Number, $"a depth of more than {MaxDepth}");
    }

    private void RemoveEntry(IndexNode node, int at)
    {
        var length = node.Entry(at, Node.Number).Length;
        var entries = Splice(node, at, length, []);
        if (node.IsRoot)
        {
            SetRootEntries(entries, node.HasSubNodes);
        }
        else
        {
            SetBlockEntries(node, entries, node.HasSubNodes);
        }
    }

    /// <summary>Releases the block of a step when it has no entry left.</summary>
    private void ReleaseIfEmpty(List<IndexStep> path, int level)
    {
        var node = path[level].Node;
        if (node.IsRoot || !node.Entry(node.First, Node.Number).IsLast)
        {
            return;
        }

        ReleaseBlock(path, level);
    }

    private void ReleaseBlock(List<IndexStep> path, int level)
    {
        FreeBlock(path[level].Node.Vcn);
        var (parent, at) = path[level - 1];
        var entry = parent.Entry(at, Node.Number);
        if (!entry.IsLast)
        {
            // the released block was left of this entry, which now has no sub-tree: back into the tree with it
            var orphan = WithoutSubNode(entry.Bytes.ToArray());
            RemoveEntry(parent, at);
            InsertLeaf(orphan);
            return;
        }

        var previous = -1;
        for (var i = parent.First; i < at; i += parent.Entry(i, Node.Number).Length)
        {
            previous = i;
        }

        if (previous >= 0)
        {
            var before = parent.Entry(previous, Node.Number);
            var child = before.SubNode;
            var orphan = WithoutSubNode(before.Bytes.ToArray());
            SetSubNode(parent, at, child);
            RemoveEntry(parent, previous);
            InsertLeaf(orphan);
        }
        else if (parent.IsRoot)
        {
            MakeSmall();
        }
        else
        {
            ReleaseBlock(path, level - 1);
        }
    }

    /// <summary>The index is empty: the root keeps a plain end entry, and the blocks go.</summary>
    private void MakeSmall()
    {
        SetRootEntries(IndexEntries.Last(), hasSubNodes: false);
        foreach (var type in new[] { AttributeType.IndexAllocation, AttributeType.Bitmap })
        {
            if (Node.Find(type, Name) is { } attribute)
            {
                if (!attribute.IsResident)
                {
                    _trees.Clusters.Free(attribute.Runs);
                }

                Node.Attributes.Remove(attribute);
            }
        }

        _trees.Blocks.RemoveAll(Node.Number, Name);
    }
}
