using System.Buffers.Binary;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Editing;

/// <summary>
/// Keeps subkey lists as the kernel does: in order, hashed, of the kind that the hive's version uses (an existing list keeps its kind). A
/// list grows by half of its cell; a full fast leaf becomes an index leaf, and any other full leaf is cut in two halves below an index
/// root. Sources: the limits of <c>CmpAddSubKey</c> in ReactOS' cmindex.c; growth and halves as the lists of real hives show them.
/// </summary>
internal sealed class SubkeyListEditor(HiveImage image, CellAllocator cells, int minorVersion)
{
    /// <summary>The most entries of a fast leaf: those that a 4 KiB bin holds.</summary>
    internal const int MaxFastLeafEntries = (HiveBin.Alignment - HiveBin.HeaderSize - 4 - SubkeyList.HeaderSize) / 8;

    /// <summary>The most entries of an index or hash leaf: those that a 4 KiB bin holds without hashes, less one.</summary>
    internal const int MaxLeafEntries = ((HiveBin.Alignment - HiveBin.HeaderSize - 4 - SubkeyList.HeaderSize) / 4) - 1;

    /// <summary>Puts a key in its parent's list, at the place where a search for its name ended.</summary>
    public void Insert(CellOffset parent, CellOffset child, string name, string upper)
    {
        var node = image.Key(parent);
        var count = node.SubkeyCount;
        if (count == 0)
        {
            var kind = minorVersion >= 5 ? SubkeyListKind.HashLeaf : minorVersion >= 3 ? SubkeyListKind.FastLeaf : SubkeyListKind.IndexLeaf;
            var only = WriteLeaf(kind, Entry(kind, child, name, upper));
            new KeyNodeWriter(image.WritableCell(parent)).SetSubkeys(1, only);
            return;
        }

        var list = node.SubkeyList;
        SubkeySearch.TryFind(image, list, upper, out _, out var place);
        var leafCell = place.Leaf < 0 ? list : SubkeyCursor.ReadList(image, list)[place.Leaf];
        var leaves = InsertInLeaf(leafCell, place.Entry, child, name, upper);
        if (leaves.Count != 1 || leaves[0] != leafCell)
        {
            list = place.Leaf < 0 ? ReplaceOnlyLeaf(leaves) : ReplaceLeaf(list, place.Leaf, leaves);
        }

        new KeyNodeWriter(image.WritableCell(parent)).SetSubkeys(count + 1, list);
    }

    /// <summary>Takes a key out of its parent's list.</summary>
    public void Remove(CellOffset parent, CellOffset child)
    {
        var node = image.Key(parent);
        var list = node.SubkeyList;
        var place = Locate(list, child);
        var leafCell = place.Leaf < 0 ? list : SubkeyCursor.ReadList(image, list)[place.Leaf];
        var leaf = SubkeyCursor.ReadLeaf(image, leafCell);
        if (leaf.Count > 1)
        {
            RemoveEntry(leafCell, place.Entry);
        }
        else
        {
            cells.Free(leafCell);
            list = place.Leaf < 0 ? CellOffset.Nil : DropLeaf(list, place.Leaf);
        }

        new KeyNodeWriter(image.WritableCell(parent)).SetSubkeys(node.SubkeyCount - 1, list);
    }

    /// <summary>Frees the lists of a key whose subkeys are gone.</summary>
    public void FreeLists(CellOffset list)
    {
        var root = SubkeyCursor.ReadList(image, list);
        for (var i = 0; root.Kind == SubkeyListKind.IndexRoot && i < root.Count; i++)
        {
            cells.Free(root[i]);
            root = SubkeyCursor.ReadList(image, list);
        }

        cells.Free(list);
    }

    /// <summary>
    /// Puts an entry in a leaf; returns the leaves that take its place, which are the leaf itself where its cell has room.
    /// </summary>
    private List<CellOffset> InsertInLeaf(CellOffset leafCell, int index, CellOffset child, string name, string upper)
    {
        var leaf = SubkeyCursor.ReadLeaf(image, leafCell);
        var (kind, count, entrySize) = (leaf.Kind, leaf.Count, leaf.EntrySize);
        var limit = kind == SubkeyListKind.FastLeaf ? MaxFastLeafEntries : MaxLeafEntries;
        if (count < limit)
        {
            return [InsertEntry(leafCell, index, Entry(kind, child, name, upper))];
        }

        if (kind == SubkeyListKind.FastLeaf && count < MaxLeafEntries)
        {
            return [InsertEntry(DropHints(leafCell), index, Entry(SubkeyListKind.IndexLeaf, child, name, upper))];
        }

        // The first half stays where it is; the second one gets a cell with room for one more.
        var first = count / 2;
        var rest = leaf.Entries(first, count).ToArray();
        var second = WriteLeaf(kind, rest, SubkeyList.HeaderSize + rest.Length + entrySize);
        new SubkeyListWriter(image.WritableCell(leafCell)).SetCount(first);
        var entry = Entry(kind, child, name, upper);
        return index <= first
            ? [InsertEntry(leafCell, index, entry), second]
            : [leafCell, InsertEntry(second, index - first, entry)];
    }

    /// <summary>Puts an entry in a leaf that may take one more; returns its cell, which is a new one where the old one was full.</summary>
    private CellOffset InsertEntry(CellOffset leafCell, int index, ReadOnlySpan<byte> entry)
    {
        var leaf = SubkeyCursor.ReadLeaf(image, leafCell);
        var (kind, count) = (leaf.Kind, leaf.Count);
        var length = image.Cell(leafCell, "subkey list").Length;
        if (length < SubkeyList.HeaderSize + ((count + 1) * entry.Length))
        {
            var old = leaf.Entries(0, count).ToArray();
            cells.Free(leafCell);
            leafCell = WriteLeaf(kind, old, Math.Max(length + (length / 2), SubkeyList.HeaderSize + old.Length + entry.Length));
        }

        var cell = image.WritableCell(leafCell);
        var entries = cell.Slice(SubkeyList.Layout.Entries, (count + 1) * entry.Length);
        entries[(index * entry.Length)..^entry.Length].CopyTo(entries[((index + 1) * entry.Length)..]);
        entry.CopyTo(entries[(index * entry.Length)..]);
        new SubkeyListWriter(cell).SetCount(count + 1);
        return leafCell;
    }

    /// <summary>Makes a fast leaf an index leaf, in its own cell.</summary>
    private CellOffset DropHints(CellOffset leafCell)
    {
        var leaf = SubkeyCursor.ReadLeaf(image, leafCell);
        var keys = new List<CellOffset>(leaf.Count);
        for (var i = 0; i < leaf.Count; i++)
        {
            keys.Add(leaf[i]);
        }

        var writer = new SubkeyListWriter(image.WritableCell(leafCell));
        writer.SetHeader(SubkeyListKind.IndexLeaf, keys.Count);
        writer.SetEntries(0, 4, Offsets(keys));
        return leafCell;
    }

    /// <summary>Writes entries to a new cell of at least this much payload.</summary>
    private CellOffset WriteLeaf(SubkeyListKind kind, ReadOnlySpan<byte> entries, int payload = 0)
    {
        var entrySize = SubkeyList.EntrySizeOf(kind);
        var cell = cells.Allocate(Math.Max(payload, SubkeyList.HeaderSize + entries.Length));
        var writer = new SubkeyListWriter(image.WritableCell(cell));
        writer.SetHeader(kind, entries.Length / entrySize);
        writer.SetEntries(0, entrySize, entries);
        return cell;
    }

    private CellOffset ReplaceOnlyLeaf(List<CellOffset> leaves) => leaves.Count == 1 ? leaves[0]
        : WriteLeaf(SubkeyListKind.IndexRoot, Offsets(leaves));

    /// <summary>Replaces one leaf in an index root by several; returns the root's cell, which may have moved.</summary>
    private CellOffset ReplaceLeaf(CellOffset rootCell, int index, List<CellOffset> leaves)
    {
        var root = SubkeyCursor.ReadList(image, rootCell);
        var count = root.Count;
        if (leaves.Count == 1)
        {
            new SubkeyListWriter(image.WritableCell(rootCell)).SetEntry(index, 4, leaves[0], 0);
            return rootCell;
        }

        if (count + leaves.Count - 1 > SubkeyList.MaxCount)
        {
            throw RegistryError.Full();
        }

        var entries = new byte[(count + leaves.Count - 1) * 4];
        root.Entries(0, index).CopyTo(entries);
        Offsets(leaves).CopyTo(entries.AsSpan(index * 4));
        root.Entries(index + 1, count).CopyTo(entries.AsSpan((index + leaves.Count) * 4));
        if (image.Cell(rootCell, "index root").Length >= SubkeyList.HeaderSize + entries.Length)
        {
            var writer = new SubkeyListWriter(image.WritableCell(rootCell));
            writer.SetEntries(0, 4, entries);
            writer.SetCount(entries.Length / 4);
            return rootCell;
        }

        cells.Free(rootCell);
        return WriteLeaf(SubkeyListKind.IndexRoot, entries);
    }

    private CellOffset DropLeaf(CellOffset rootCell, int index)
    {
        if (SubkeyCursor.ReadList(image, rootCell).Count == 1)
        {
            cells.Free(rootCell);
            return CellOffset.Nil;
        }

        RemoveEntry(rootCell, index);
        return rootCell;
    }

    private void RemoveEntry(CellOffset listCell, int index)
    {
        var list = SubkeyCursor.ReadList(image, listCell);
        var (count, entrySize) = (list.Count, list.EntrySize);
        var cell = image.WritableCell(listCell);
        var entries = cell.Slice(SubkeyList.Layout.Entries, count * entrySize);
        entries[((index + 1) * entrySize)..].CopyTo(entries[(index * entrySize)..]);
        new SubkeyListWriter(cell).SetCount(count - 1);
    }

    private SubkeyPlace Locate(CellOffset list, CellOffset child)
    {
        var first = SubkeyCursor.ReadList(image, list);
        var isRoot = first.Kind == SubkeyListKind.IndexRoot;
        for (var i = 0; i < (isRoot ? first.Count : 1); i++)
        {
            var leaf = isRoot ? SubkeyCursor.ReadLeaf(image, first[i]) : first;
            for (var entry = 0; entry < leaf.Count; entry++)
            {
                if (leaf[entry] == child)
                {
                    return new SubkeyPlace(isRoot ? i : -1, entry);
                }
            }
        }

        throw RegistryError.BadSubkeyList(list);
    }

    private static byte[] Entry(SubkeyListKind kind, CellOffset child, string name, string upper)
    {
        var entry = new byte[SubkeyList.EntrySizeOf(kind)];
        BinaryPrimitives.WriteUInt32LittleEndian(entry, child.Value);
        if (entry.Length == 8)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(SubkeyList.Layout.EntryHint), NameHash.For(kind, name, upper));
        }

        return entry;
    }

    private static byte[] Offsets(List<CellOffset> leaves)
    {
        var entries = new byte[leaves.Count * 4];
        for (var i = 0; i < leaves.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(entries.AsSpan(i * 4), leaves[i].Value);
        }

        return entries;
    }
}
