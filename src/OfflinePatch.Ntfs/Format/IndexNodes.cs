using System.Buffers.Binary;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Format;

/// <summary>
/// Small B-trees, written at once: a root with its entries, or an empty root over one block. Source: Linux-NTFS documentation, Index
/// Record.
/// </summary>
internal static class IndexNodes
{
    private const int LastEntryLength = 0x10;
    private const int LastEntryWithSubNodeLength = 0x18;

    /// <summary>$INDEX_ROOT that holds all entries itself.</summary>
    public static byte[] SmallRoot(AttributeType indexed, CollationRule collation, byte clustersPerBlock, IEnumerable<byte[]> entries)
    {
        byte[] body = [.. entries.SelectMany(e => e), .. LastEntry(subNode: false)];
        return Root(indexed, collation, clustersPerBlock, body, flags: 0);
    }

    /// <summary>$INDEX_ROOT whose only entry leads to block 0.</summary>
    public static byte[] LargeRoot(AttributeType indexed, CollationRule collation, byte clustersPerBlock) =>
        Root(indexed, collation, clustersPerBlock, LastEntry(subNode: true), flags: 1);

    /// <summary>A leaf block with all entries, protected.</summary>
    public static byte[] Leaf(long vcn, IEnumerable<byte[]> entries)
    {
        var block = new byte[FormatGeometry.IndexBlockSize];
        const int Count = (FormatGeometry.IndexBlockSize / UpdateSequence.Stride) + 1;
        const int FirstEntry = ((IndexBlockLayout.UpdateSequenceArray + (2 * Count) + 7) & ~7) - IndexBlockLayout.Node;
        IndexBlockLayout.IndexMagic.CopyTo(block);
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(IndexBlockLayout.UpdateSequenceOffset), IndexBlockLayout.UpdateSequenceArray);
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(IndexBlockLayout.UpdateSequenceCount), Count);
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(IndexBlockLayout.Vcn), vcn);
        var node = block.AsSpan(IndexBlockLayout.Node);
        var used = FirstEntry;
        foreach (var entry in entries.Append(LastEntry(subNode: false)))
        {
            entry.CopyTo(node[used..]);
            used += entry.Length;
        }

        WriteNodeHeader(node, FirstEntry, used, block.Length - IndexBlockLayout.Node, flags: 0);
        UpdateSequence.TryEncode(block);
        return block;
    }

    /// <summary>An entry of a directory.</summary>
    public static byte[] DirectoryEntry(FileReference reference, ReadOnlySpan<byte> fileName)
    {
        var entry = new byte[(IndexEntry.Layout.Key + fileName.Length + 7) & ~7];
        BinaryPrimitives.WriteUInt64LittleEndian(entry, reference.Value);
        WriteEntryHeader(entry, fileName.Length, IndexEntryFlags.None);
        fileName.CopyTo(entry.AsSpan(IndexEntry.Layout.Key));
        return entry;
    }

    /// <summary>An entry of a view index: key, then data at <paramref name="dataOffset"/>.</summary>
    public static byte[] ViewEntry(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, int dataOffset)
    {
        var entry = new byte[(dataOffset + data.Length + 7) & ~7];
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(IndexEntry.Layout.DataOffset), (ushort)dataOffset);
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(IndexEntry.Layout.DataLength), (ushort)data.Length);
        WriteEntryHeader(entry, key.Length, IndexEntryFlags.None);
        key.CopyTo(entry.AsSpan(IndexEntry.Layout.Key));
        data.CopyTo(entry.AsSpan(dataOffset));
        return entry;
    }

    private static byte[] LastEntry(bool subNode)
    {
        var entry = new byte[subNode ? LastEntryWithSubNodeLength : LastEntryLength];
        WriteEntryHeader(entry, 0, IndexEntryFlags.Last | (subNode ? IndexEntryFlags.SubNode : 0)); // the sub-node is VCN 0
        return entry;
    }

    private static byte[] Root(AttributeType indexed, CollationRule collation, byte clustersPerBlock, byte[] body, uint flags)
    {
        var value = new byte[IndexRootHeader.Layout.Size + body.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(IndexRootHeader.Layout.IndexedType), (uint)indexed);
        BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(IndexRootHeader.Layout.Collation), (uint)collation);
        BinaryPrimitives.WriteInt32LittleEndian(value.AsSpan(IndexRootHeader.Layout.BlockSize), FormatGeometry.IndexBlockSize);
        value[IndexRootHeader.Layout.ClustersPerBlock] = clustersPerBlock;
        var size = IndexNodeHeader.Layout.Size + body.Length;
        WriteNodeHeader(value.AsSpan(IndexRootHeader.Layout.Node), IndexNodeHeader.Layout.Size, size, size, flags);
        body.CopyTo(value, IndexRootHeader.Layout.Size);
        return value;
    }

    private static void WriteNodeHeader(Span<byte> node, int first, int used, int allocated, uint flags)
    {
        BinaryPrimitives.WriteInt32LittleEndian(node[IndexNodeHeader.Layout.FirstEntry..], first);
        BinaryPrimitives.WriteInt32LittleEndian(node[IndexNodeHeader.Layout.Used..], used);
        BinaryPrimitives.WriteInt32LittleEndian(node[IndexNodeHeader.Layout.Allocated..], allocated);
        BinaryPrimitives.WriteUInt32LittleEndian(node[IndexNodeHeader.Layout.Flags..], flags);
    }

    private static void WriteEntryHeader(Span<byte> entry, int keyLength, IndexEntryFlags flags)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(entry[IndexEntry.Layout.Length..], (ushort)entry.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[IndexEntry.Layout.KeyLength..], (ushort)keyLength);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[IndexEntry.Layout.Flags..], (ushort)flags);
    }
}
