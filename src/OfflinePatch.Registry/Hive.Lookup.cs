using OfflinePatch.Core;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Names;

namespace OfflinePatch.Registry;

// Finding and listing keys and values. A child must name its parent and stand in order: this is what Windows demands of a hive when it loads it, and what
// makes every walk end (no key can be met twice).
public sealed partial class Hive
{
    private Dictionary<uint, uint>? _claimed; // salvage: child -> the key that it was first met below

    /// <summary>The cells of a key's subkeys, each found to be a key of this parent, in ascending order.</summary>
    internal List<CellOffset> SubkeyCells(CellOffset parent, KeyNode node)
    {
        var count = node.SubkeyCount;
        var cells = new List<CellOffset>((int)Math.Min(count, 65536));
        if (count == 0)
        {
            return cells;
        }

        if (IsSalvage)
        {
            SalvageSubkeys(parent, node, cells);
            return cells;
        }

        var cursor = new SubkeyCursor(Bytes, node.SubkeyList);
        while (cursor.MoveNext())
        {
            CheckChild(parent, cursor.Current, cells);
            cells.Add(cursor.Current);
        }

        return cells.Count == count ? cells : throw RegistryError.SubkeyCount(parent, count, cells.Count);
    }

    /// <summary>The cells of a key's values.</summary>
    internal List<CellOffset> ValueCells(KeyNode node)
    {
        var cells = new List<CellOffset>();
        try
        {
            var list = Bytes.ValueList(node);
            cells.EnsureCapacity(list.Length / 4);
            for (var i = 0; i < list.Length / 4; i++)
            {
                AddValue(cells, CellReader.OffsetAt(list, i));
            }
        }
        catch (CorruptImageException error) when (IsSalvage)
        {
            Skip(error);
        }

        return cells;
    }

    /// <summary>Finds the subkey of a name.</summary>
    internal bool TryFindSubkey(CellOffset parent, ReadOnlySpan<char> name, out CellOffset found)
    {
        var upper = name.Length <= 256 ? stackalloc char[name.Length] : new char[name.Length];
        NtUpcase.ToUpper(name, upper);
        var node = Bytes.Key(parent);
        if (node.SubkeyCount > 0 && (IsSalvage
            ? ScanSubkeys(parent, node, upper, out found)
            : SubkeySearch.TryFind(Bytes, node.SubkeyList, upper, out found, out _)))
        {
            var child = Bytes.Key(found);
            return child.Parent == parent || IsSalvage ? true : throw RegistryError.WrongParent(found, parent, child.Parent);
        }

        found = CellOffset.Nil;
        return false;
    }

    /// <summary>Finds the value of a name, and its place in the list.</summary>
    internal bool TryFindValue(KeyNode node, string name, out CellOffset found, out int index)
    {
        var upper = name.Length <= 256 ? stackalloc char[name.Length] : new char[name.Length];
        NtUpcase.ToUpper(name, upper);
        var cells = IsSalvage ? ValueCells(node) : null;
        var list = IsSalvage ? default : Bytes.ValueList(node);
        var count = cells?.Count ?? list.Length / 4;
        for (index = 0; index < count; index++)
        {
            found = cells is null ? CellReader.OffsetAt(list, index) : cells[index];
            if (Bytes.Value(found).Name.CompareToUpper(upper) == 0)
            {
                return true;
            }
        }

        found = CellOffset.Nil;
        return false;
    }

    /// <summary>Whether a key has a value of exactly this type and data.</summary>
    internal bool HoldsExactly(KeyNode node, string name, RegistryValueType type, ReadOnlySpan<byte> data)
    {
        if (!TryFindValue(node, name, out var cell, out _))
        {
            return false;
        }

        var value = Bytes.Value(cell);
        if (value.Type != (uint)type || value.DataLength != (uint)data.Length)
        {
            return false;
        }

        if (Bytes.TryGetData(value, (uint)MinorVersion, out var content))
        {
            return content.SequenceEqual(data);
        }

        var segments = Bytes.BigDataSegments(value);
        for (var i = 0; i < segments.Length / 4; i++)
        {
            var segment = Bytes.BigDataSegment(value, segments, i);
            if (!segment.SequenceEqual(data.Slice(i * BigData.SegmentLength, segment.Length)))
            {
                return false;
            }
        }

        return true;
    }

    private void CheckChild(CellOffset parent, CellOffset cell, List<CellOffset> before)
    {
        var child = Bytes.Key(cell);
        if (child.Parent != parent || cell == RootCell)
        {
            throw RegistryError.WrongParent(cell, parent, child.Parent);
        }

        if (before.Count > 0 && Bytes.Key(before[^1]).Name.OrderAgainst(child.Name) >= 0)
        {
            throw RegistryError.SubkeyOrder(parent, child.Name.ToString());
        }
    }

    private void AddValue(List<CellOffset> cells, CellOffset cell)
    {
        try
        {
            _ = Bytes.Value(cell);
            cells.Add(cell);
        }
        catch (CorruptImageException error) when (IsSalvage)
        {
            Skip(error);
        }
    }

    private bool ScanSubkeys(CellOffset parent, KeyNode node, ReadOnlySpan<char> upper, out CellOffset found)
    {
        var cells = new List<CellOffset>();
        SalvageSubkeys(parent, node, cells);
        foreach (var cell in cells)
        {
            if (Bytes.Key(cell).Name.CompareToUpper(upper) == 0)
            {
                found = cell;
                return true;
            }
        }

        found = CellOffset.Nil;
        return false;
    }

    /// <summary>Lists what is sound, leaf by leaf; every key is given to the first parent that it is met below.</summary>
    private void SalvageSubkeys(CellOffset parent, KeyNode node, List<CellOffset> cells)
    {
        try
        {
            var list = SubkeyCursor.ReadList(Bytes, node.SubkeyList);
            if (list.Kind != SubkeyListKind.IndexRoot)
            {
                SalvageLeaf(parent, list, cells);
                return;
            }

            for (var i = 0; i < list.Count; i++)
            {
                try
                {
                    SalvageLeaf(parent, SubkeyCursor.ReadLeaf(Bytes, list[i]), cells);
                }
                catch (CorruptImageException error)
                {
                    Skip(error);
                }
            }
        }
        catch (CorruptImageException error)
        {
            Skip(error);
        }
    }

    private void SalvageLeaf(CellOffset parent, SubkeyList leaf, List<CellOffset> cells)
    {
        _claimed ??= new Dictionary<uint, uint> { [RootCell.Value] = RootCell.Value };
        for (var i = 0; i < leaf.Count; i++)
        {
            try
            {
                _ = Bytes.Key(leaf[i]);
                if (_claimed.TryAdd(leaf[i].Value, parent.Value) || _claimed[leaf[i].Value] == parent.Value && !cells.Contains(leaf[i]) && leaf[i] != RootCell)
                {
                    cells.Add(leaf[i]);
                }
                else
                {
                    throw RegistryError.WrongParent(leaf[i], parent, new CellOffset(_claimed[leaf[i].Value]));
                }
            }
            catch (CorruptImageException error)
            {
                Skip(error);
            }
        }
    }
}
