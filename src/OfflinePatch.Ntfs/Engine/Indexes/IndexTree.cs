using System.Buffers.Binary;
using System.Numerics;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Storage;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Indexes;

/// <summary>A node of a B-tree in memory: the root's value, or a block.</summary>
internal readonly record struct IndexNode(byte[] Bytes, int Header, long Vcn, IndexBlock? Block)
{
    /// <summary>Whether it is the root.</summary>
    public bool IsRoot => Vcn < 0;

    /// <summary>Offset of the first entry in <see cref="Bytes"/>.</summary>
    public int First => Header + (int)BinaryPrimitives.ReadUInt32LittleEndian(Bytes.AsSpan(Header + IndexNodeHeader.Layout.FirstEntry));

    /// <summary>End of the entries in <see cref="Bytes"/>.</summary>
    public int End => Header + (int)BinaryPrimitives.ReadUInt32LittleEndian(Bytes.AsSpan(Header + IndexNodeHeader.Layout.Used));

    /// <summary>End of the room in <see cref="Bytes"/>.</summary>
    public int Limit => Header + (int)BinaryPrimitives.ReadUInt32LittleEndian(Bytes.AsSpan(Header + IndexNodeHeader.Layout.Allocated));

    /// <summary>Whether the entries have sub-nodes.</summary>
    public bool HasSubNodes => (Bytes[Header + IndexNodeHeader.Layout.Flags] & 1) != 0;

    /// <summary>The entry at an offset.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0130</c>.</exception>
    public IndexEntry Entry(int at, long record)
    {
        if (at < Header || at > End || !IndexEntry.TryCreate(Bytes.AsSpan(at, End - at), out var entry) || entry.HasSubNode != HasSubNodes)
        {
            throw NtfsError.BadIndex(record, $"an entry at 0x{at:X} of {(IsRoot ? "the root" : $"the block at VCN {Vcn}")}");
        }

        return entry;
    }
}

/// <summary>
/// A B-tree index of a file: a directory ($I30), or a view index ($SII, $SDH, $R, $O). Keys live in all levels.
/// Source: Linux-NTFS documentation, Index Record.
/// </summary>
internal sealed partial class IndexTree
{
    /// <summary>Deeper than any tree of 2^48 entries can be.</summary>
    public const int MaxDepth = 32;

    private readonly IndexTrees _trees;
    private readonly NodeAttribute _root;

    /// <exception cref="CorruptImageException"><c>NTFS-0116</c>, <c>NTFS-0130</c>.</exception>
    public IndexTree(IndexTrees trees, IndexFile file)
    {
        _trees = trees;
        File = file;
        _root = file.Root;
    }

    /// <summary>Which index.</summary>
    public IndexFile File { get; }

    /// <summary>
    /// Whether attributes of the file were changed, so that it must be stored. <see cref="IndexEditor"/> does it.
    /// </summary>
    public bool IsNodeChanged { get; private set; }

    private FileNode Node => File.Node;

    private string Name => File.Name;

    private int BlockSize => File.BlockSize;

    private int VcnUnit => File.VcnUnit;

    private CollationRule Collation => File.Collation;

    /// <summary>The root node.</summary>
    public IndexNode Root => new(_root.Value, IndexRootHeader.Layout.Node, -1, null);

    /// <summary>A block.</summary>
    public IndexNode GetNode(long vcn)
    {
        var block = _trees.Blocks.Get(File, vcn);
        return new IndexNode(block.Bytes, IndexBlockLayout.Node, vcn, block);
    }

    /// <summary>Compares two keys.</summary>
    /// <param name="left">One key.</param>
    /// <param name="right">The other.</param>
    /// <param name="exact">Names: whether names that differ only in case are different.</param>
    public int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, bool exact = true)
    {
        switch (Collation)
        {
            case CollationRule.FileName:
                var a = FileNameAttribute.TryCreate(left, out var l) ? l.NameBytes
                    : throw NtfsError.BadIndex(Node.Number, "a key that is no $FILE_NAME");
                var b = FileNameAttribute.TryCreate(right, out var r) ? r.NameBytes
                    : throw NtfsError.BadIndex(Node.Number, "a key that is no $FILE_NAME");
                return exact ? _trees.Upcase.Compare(a, b) : _trees.Upcase.CompareIgnoreCase(a, b);
            case CollationRule.UnsignedLong:
            case CollationRule.SecurityHash:
            case CollationRule.UnsignedLongs:
                for (var i = 0; i + 4 <= Math.Min(left.Length, right.Length); i += 4)
                {
                    var order = BinaryPrimitives.ReadUInt32LittleEndian(left[i..])
                        .CompareTo(BinaryPrimitives.ReadUInt32LittleEndian(right[i..]));
                    if (order != 0)
                    {
                        return order;
                    }
                }

                return left.Length.CompareTo(right.Length);
            case CollationRule.Binary:
                return left.SequenceCompareTo(right);
            default:
                throw new UnsupportedImageException("NTFS-0205",
                    $"The index {Name} of record {Node.Number} has collation {(uint)Collation}, which is not known.");
        }
    }

    /// <summary>
    /// Finds a key. Returns false when there is none; <paramref name="node"/> and <paramref name="at"/> then say where it would be
    /// inserted.
    /// </summary>
    public bool TryFind(ReadOnlySpan<byte> key, bool exact, out IndexNode node, out int at, List<IndexStep>? path = null)
    {
        node = Root;
        for (var depth = 0; depth < MaxDepth; depth++)
        {
            at = node.First;
            while (true)
            {
                var entry = node.Entry(at, Node.Number);
                var order = entry.IsLast ? -1 : Compare(key, entry.Key, exact);
                if (order == 0)
                {
                    path?.Add(new IndexStep(node, at));
                    return true;
                }

                if (order < 0)
                {
                    path?.Add(new IndexStep(node, at));
                    if (!entry.HasSubNode)
                    {
                        return false;
                    }

                    node = GetNode(entry.SubNode);
                    break;
                }

                at += entry.Length;
            }
        }

        throw NtfsError.BadIndex(Node.Number, $"a depth of more than {MaxDepth}");
    }

    /// <summary>
    /// Finds a name in a directory without case; of names that differ only in case, the one that is spelled like this.
    /// </summary>
    public bool TryFindName(string name, out FileReference reference, out byte[] key)
    {
        var wanted = NameKey(name);
        reference = default;
        key = [];
        if (Collation != CollationRule.FileName || !TryFind(wanted, exact: false, out var node, out var at))
        {
            return false;
        }

        var entry = node.Entry(at, Node.Number);
        if (FileNameAttribute.TryCreate(entry.Key, out var found)
            && !found.NameBytes.SequenceEqual(wanted.AsSpan(FileNameAttribute.Layout.Name))
            && TryFind(wanted, exact: true, out var exactNode, out var exactAt))
        {
            entry = exactNode.Entry(exactAt, Node.Number);
        }

        reference = entry.Reference;
        key = entry.Key.ToArray();
        return true;
    }

    /// <summary>A $FILE_NAME that holds only a name, to search with.</summary>
    public static byte[] NameKey(ReadOnlySpan<char> name)
    {
        var key = new byte[FileNameAttribute.Layout.Name + (2 * name.Length)];
        key[FileNameAttribute.Layout.NameLength] = (byte)Math.Min(255, name.Length);
        Utf16.Write(name, key.AsSpan(FileNameAttribute.Layout.Name));
        return key;
    }

    /// <summary>Walks the entries in order.</summary>
    public IndexCursor GetCursor() => new(_trees, this);
}

/// <summary>One step of a descent: a node, and the offset of the entry that was taken.</summary>
internal readonly record struct IndexStep(IndexNode Node, int At);
