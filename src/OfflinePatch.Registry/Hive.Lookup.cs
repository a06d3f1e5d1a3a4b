using OfflinePatch.Core;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry;

// Finding and listing keys and values. A child must name its parent and be in order: this is what Windows demands of a hive when it loads
// it, and what makes every walk end (no key can be found twice).
public sealed partial class Hive
{
    /// <summary>The cells of a key's subkeys, each found to be a key of this parent, in ascending order.</summary>
    internal List<CellOffset> SubkeyCells(CellOffset parent, KeyNode node)
    {
        if (Salvage is not null)
        {
            return Salvage.Subkeys(parent, node);
        }

        var count = node.SubkeyCount;
        var cells = new List<CellOffset>((int)Math.Min(count, 1024));
        if (count == 0)
        {
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
        if (Salvage is not null)
        {
            return Salvage.Values(node);
        }

        var list = Bytes.ValueList(node);
        var cells = new List<CellOffset>(list.Length / 4);
        for (var i = 0; i < list.Length / 4; i++)
        {
            var cell = CellReader.OffsetAt(list, i);
            _ = Bytes.Value(cell);
            cells.Add(cell);
        }

        return cells;
    }

    /// <summary>Finds the subkey of a name.</summary>
    internal bool TryFindSubkey(CellOffset parent, ReadOnlySpan<char> name, out CellOffset found)
    {
        var upper = name.Length <= 256 ? stackalloc char[name.Length] : new char[name.Length];
        NtUpcase.ToUpper(name, upper);
        var node = Bytes.Key(parent);
        if (Salvage is not null)
        {
            return Salvage.TryFindSubkey(parent, node, upper, out found);
        }

        if (node.SubkeyCount > 0 && SubkeySearch.TryFind(Bytes, node.SubkeyList, upper, out found, out _))
        {
            var child = Bytes.Key(found);
            return child.Parent == parent ? true : throw RegistryError.WrongParent(found, parent, child.Parent);
        }

        found = CellOffset.Nil;
        return false;
    }

    /// <summary>Finds the value of a name, and its place in the list.</summary>
    internal bool TryFindValue(KeyNode node, string name, out CellOffset found, out int index)
    {
        var upper = name.Length <= 256 ? stackalloc char[name.Length] : new char[name.Length];
        NtUpcase.ToUpper(name, upper);
        var cells = Salvage?.Values(node);
        var list = cells is null ? Bytes.ValueList(node) : default;
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
}
