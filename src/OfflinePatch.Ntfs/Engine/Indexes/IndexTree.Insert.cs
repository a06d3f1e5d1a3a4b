using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Indexes;

/// <content>Insertion. A full block is split: the median goes up, what is above it moves to a new block. A full root is pushed
/// down.</content>
internal sealed partial class IndexTree
{
    /// <summary>An empty small root. <paramref name="blockSize"/> is what the index will use when it grows.</summary>
    public static byte[] EmptyRoot(AttributeType indexed, CollationRule collation, int blockSize, int clusterSize)
    {
        var bytes = new byte[IndexRootHeader.Layout.Size + IndexEntry.Layout.Size];
        new IndexRootWriter(bytes).Initialise(indexed, collation, blockSize,
            clusterSize <= blockSize ? blockSize / clusterSize : blockSize / 512);
        var node = bytes.AsSpan(IndexRootHeader.Layout.Node);
        new IndexNodeWriter(node).SetEntries(IndexNodeHeader.Layout.Size, node.Length, node.Length);
        IndexEntries.Last().CopyTo(bytes, IndexRootHeader.Layout.Size);
        return bytes;
    }

    /// <summary>Inserts a leaf entry.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0130</c>: the key is there already.</exception>
    public void Insert(byte[] entry)
    {
        RequireMarkedBlocks();
        InsertLeaf(entry);
    }

    /// <summary>Moves the root's entries into a block, so that the record has room. The caller stores the file.</summary>
    public void ShrinkRoot()
    {
        if (!Root.Entry(Root.First, Node.Number).IsLast)
        {
            PushDown(Root);
        }
    }

    private void InsertLeaf(byte[] entry)
    {
        var path = new List<IndexStep>();
        var keyLength = BinaryPrimitives.ReadUInt16LittleEndian(entry.AsSpan(IndexEntry.Layout.KeyLength));
        if (TryFind(entry.AsSpan(IndexEntry.Layout.Key, keyLength), exact: true, out _, out _, path))
        {
            throw NtfsError.BadIndex(Node.Number, "a key that is there already");
        }

        InsertAt(path, path.Count - 1, entry);
    }

    private void InsertAt(List<IndexStep> path, int level, byte[] entry)
    {
        var (node, at) = path[level];
        if (node.IsRoot)
        {
            if (_trees.Space.HasRoom(Node, _root, entry.Length))
            {
                SetRootEntries(Splice(node, at, 0, entry), node.HasSubNodes);
                return;
            }

            var block = PushDown(node);
            path[level] = new IndexStep(Root, Root.First);
            path.Insert(level + 1, new IndexStep(block, at - node.First + block.First));
            InsertAt(path, level + 1, entry);
            return;
        }

        if (node.End + entry.Length <= node.Limit)
        {
            var bytes = node.Bytes;
            bytes.AsSpan(at, node.End - at).CopyTo(bytes.AsSpan(at + entry.Length));
            entry.CopyTo(bytes, at);
            SetUsed(node, node.End + entry.Length);
            _trees.Blocks.MarkDirty(File, node.Vcn, node.Block!);
            return;
        }

        Split(path, level, entry);
    }

    private void Split(List<IndexStep> path, int level, byte[] entry)
    {
        var (node, at) = path[level];
        var entries = Splice(node, at, 0, entry);
        var starts = Starts(entries, out var atEnd, at - node.First);
        var count = starts.Count;

        // ascending insertion fills blocks: only the last entry moves on
        var median = atEnd ? count - 3 : Median(starts, entries.Length);
        if (count < 4 || median < 1)
        {
            throw NtfsError.IndexBlocksTooSmall(Node.Number, "a block has too few entries to split");
        }

        var first = starts[median];
        var next = starts[median + 1];
        var promoted = entries[first..next];
        var hasSubNodes = node.HasSubNodes;
        var medianChild = hasSubNodes ? BinaryPrimitives.ReadInt64LittleEndian(promoted.AsSpan(promoted.Length - 8)) : -1;

        var right = NewBlock(entries.AsSpan(next), hasSubNodes);
        byte[] left = [.. entries.AsSpan(0, first), .. IndexEntries.Last(medianChild)];
        SetBlockEntries(node, left, hasSubNodes);

        // the parent's entry led to this block: now to the new one, and the median before it to this one
        var (parent, parentAt) = path[level - 1];
        SetSubNode(parent, parentAt, right.Vcn);
        InsertAt(path, level - 1, WithSubNode(promoted, node.Vcn));
    }

    private static int Median(List<int> starts, int length)
    {
        // at least one entry on each side; the last start is the end entry
        for (var i = 1; i < starts.Count - 2; i++)
        {
            if (starts[i + 1] >= length / 2)
            {
                return i;
            }
        }

        return starts.Count - 3;
    }

    private static List<int> Starts(byte[] entries, out bool insertedAtEnd, int inserted)
    {
        var starts = new List<int>();
        for (var at = 0; at < entries.Length; at += BinaryPrimitives.ReadUInt16LittleEndian(entries.AsSpan(at + IndexEntry.Layout.Length)))
        {
            starts.Add(at);
        }

        insertedAtEnd = starts.Count >= 4 && starts[^2] == inserted;
        return starts;
    }

    /// <summary>Moves all entries of the root into a new block; the root keeps only its end entry, which leads there.</summary>
    private IndexNode PushDown(IndexNode root)
    {
        var block = NewBlock(root.Bytes.AsSpan(root.First, root.End - root.First), root.HasSubNodes);
        SetRootEntries(IndexEntries.Last(block.Vcn), hasSubNodes: true);
        return block;
    }

    private IndexNode NewBlock(ReadOnlySpan<byte> entries, bool hasSubNodes)
    {
        var vcn = AllocateBlock();
        var bytes = new byte[BlockSize];
        var first = new IndexBlockWriter(bytes).Initialise(vcn);
        var header = new IndexNodeWriter(bytes.AsSpan(IndexBlockLayout.Node));
        header.SetEntries(first, first, BlockSize - IndexBlockLayout.Node);
        header.SetHasSubNodes(hasSubNodes);
        var block = new IndexBlock(bytes);
        var node = new IndexNode(bytes, IndexBlockLayout.Node, vcn, block);
        if (node.First + entries.Length > node.Limit)
        {
            throw NtfsError.IndexBlocksTooSmall(Node.Number, "its root does not fit into one block");
        }

        entries.CopyTo(bytes.AsSpan(node.First));
        SetUsed(node, node.First + entries.Length);
        _trees.Blocks.Add(File, vcn, block);
        return node;
    }

    private void SetBlockEntries(IndexNode node, ReadOnlySpan<byte> entries, bool hasSubNodes)
    {
        var end = node.End;
        entries.CopyTo(node.Bytes.AsSpan(node.First));
        SetUsed(node, node.First + entries.Length);
        if (node.First + entries.Length < end)
        {
            node.Bytes.AsSpan(node.First + entries.Length, end - node.First - entries.Length).Clear();
        }

        new IndexNodeWriter(node.Bytes.AsSpan(node.Header)).SetHasSubNodes(hasSubNodes);
        _trees.Blocks.MarkDirty(File, node.Vcn, node.Block!);
    }

    private void SetRootEntries(ReadOnlySpan<byte> entries, bool hasSubNodes)
    {
        var value = new byte[IndexRootHeader.Layout.Size + entries.Length];
        _root.Value.AsSpan(0, IndexRootHeader.Layout.Size).CopyTo(value);
        entries.CopyTo(value.AsSpan(IndexRootHeader.Layout.Size));
        var size = value.Length - IndexRootHeader.Layout.Node;
        var header = new IndexNodeWriter(value.AsSpan(IndexRootHeader.Layout.Node));
        header.SetEntries(IndexNodeHeader.Layout.Size, size, size);
        header.SetHasSubNodes(hasSubNodes);
        _root.SetResident(value);
        IsNodeChanged = true;
        _trees.Changes.Count++;
    }

    private void SetSubNode(IndexNode node, int at, long vcn)
    {
        var length = node.Entry(at, Node.Number).Length;
        new IndexEntryWriter(node.Bytes.AsSpan(at, length)).SetSubNode(vcn);
        if (node.IsRoot)
        {
            IsNodeChanged = true;
        }
        else
        {
            _trees.Blocks.MarkDirty(File, node.Vcn, node.Block!);
        }
    }

    /// <summary>The node's entries with <paramref name="removed"/> bytes at an offset replaced by <paramref name="inserted"/>.</summary>
    private static byte[] Splice(IndexNode node, int at, int removed, ReadOnlySpan<byte> inserted) =>
        [.. node.Bytes.AsSpan(node.First, at - node.First), .. inserted, .. node.Bytes.AsSpan(at + removed, node.End - at - removed)];

    private static byte[] WithSubNode(byte[] entry, long vcn)
    {
        var flags = new IndexEntryWriter(entry).Flags;
        var hasSubNode = (flags & IndexEntryFlags.SubNode) != 0;
        var bytes = new byte[hasSubNode ? entry.Length : entry.Length + IndexEntryWriter.SubNodeSize];
        entry.CopyTo(bytes, 0);
        var writer = new IndexEntryWriter(bytes);
        writer.SetLength();
        writer.SetFlags(flags | IndexEntryFlags.SubNode);
        writer.SetSubNode(vcn);
        return bytes;
    }

    private static byte[] WithoutSubNode(byte[] entry)
    {
        var flags = new IndexEntryWriter(entry).Flags;
        if ((flags & IndexEntryFlags.SubNode) == 0)
        {
            return entry;
        }

        var bytes = entry[..^IndexEntryWriter.SubNodeSize];
        var writer = new IndexEntryWriter(bytes);
        writer.SetLength();
        writer.SetFlags(flags & ~IndexEntryFlags.SubNode);
        return bytes;
    }

    private static void SetUsed(IndexNode node, int end) =>
        new IndexNodeWriter(node.Bytes.AsSpan(node.Header)).SetUsed(end - node.Header);
}
