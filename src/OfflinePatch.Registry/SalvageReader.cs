using OfflinePatch.Core;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Check;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry;

/// <summary>
/// Reads a damaged hive: what is not sound is left out and listed. Every key belongs to the first parent that it was met below, and every
/// list of a key is walked once, so that a hive whose lists repeat costs no more than its size.
/// </summary>
internal sealed class SalvageReader(HiveImage image, CellOffset root)
{
    /// <summary>Findings that are kept; a badly damaged hive can have one for each cell.</summary>
    private const int MaxSkipped = 1000;

    private readonly Dictionary<uint, uint> _parents = new() { [root.Value] = root.Value }; // child -> the key that it was first met below
    private readonly Dictionary<uint, List<CellOffset>> _subkeys = [];
    private readonly HashSet<(string Code, long Offset)> _known = [];
    private readonly List<HiveFinding> _skipped = [];

    /// <summary>What was left out, each once, in the order of discovery.</summary>
    public IReadOnlyList<HiveFinding> Skipped => _skipped;

    /// <summary>The cells of a key's subkeys that are sound, in the order of the lists.</summary>
    public List<CellOffset> Subkeys(CellOffset parent, KeyNode node)
    {
        if (node.SubkeyCount == 0)
        {
            return [];
        }

        if (!_subkeys.TryGetValue(parent.Value, out var cells))
        {
            cells = [];
            ReadLists(parent, node.SubkeyList, cells);
            _subkeys.Add(parent.Value, cells);
        }

        return cells;
    }

    /// <summary>The cells of a key's values that are sound.</summary>
    public List<CellOffset> Values(KeyNode node)
    {
        var cells = new List<CellOffset>();
        try
        {
            var list = image.ValueList(node);
            for (var i = 0; i < list.Length / 4; i++)
            {
                AddValue(CellReader.OffsetAt(list, i), cells);
            }
        }
        catch (CorruptImageException error)
        {
            Skip(error);
        }

        return cells;
    }

    /// <summary>Finds the subkey of an upper-case name.</summary>
    public bool TryFindSubkey(CellOffset parent, KeyNode node, ReadOnlySpan<char> upper, out CellOffset found)
    {
        foreach (var cell in Subkeys(parent, node))
        {
            if (image.Key(cell).Name.CompareToUpper(upper) == 0)
            {
                found = cell;
                return true;
            }
        }

        found = CellOffset.Nil;
        return false;
    }

    /// <summary>Notes what is left out.</summary>
    public void Skip(CorruptImageException error)
    {
        if (_skipped.Count < MaxSkipped && _known.Add((error.Code, error.Offset)))
        {
            _skipped.Add(new HiveFinding(
                HiveFindingSeverity.Error, error.Code, error.Structure, error.Offset, $"expected {error.Expected}, found {error.Actual}"));
        }
    }

    private void ReadLists(CellOffset parent, CellOffset listCell, List<CellOffset> cells)
    {
        try
        {
            var list = SubkeyCursor.ReadList(image, listCell);
            if (list.Kind != SubkeyListKind.IndexRoot)
            {
                ReadLeaf(parent, list, cells);
                return;
            }

            var walked = new HashSet<uint>();
            for (var i = 0; i < list.Count; i++)
            {
                if (walked.Add(list[i].Value))
                {
                    ReadLeafAt(parent, list[i], cells);
                }
                else
                {
                    Skip(RegistryError.RepeatedLeaf(list[i]));
                }
            }
        }
        catch (CorruptImageException error)
        {
            Skip(error);
        }
    }

    private void ReadLeafAt(CellOffset parent, CellOffset leafCell, List<CellOffset> cells)
    {
        try
        {
            ReadLeaf(parent, SubkeyCursor.ReadLeaf(image, leafCell), cells);
        }
        catch (CorruptImageException error)
        {
            Skip(error);
        }
    }

    private void ReadLeaf(CellOffset parent, SubkeyList leaf, List<CellOffset> cells)
    {
        for (var i = 0; i < leaf.Count; i++)
        {
            if (_parents.TryGetValue(leaf[i].Value, out var other))
            {
                Skip(RegistryError.WrongParent(leaf[i], parent, new CellOffset(other)));
            }
            else if (image.TryGetCell(leaf[i], out var bytes) && KeyNode.TryRead(bytes, out _))
            {
                _parents.Add(leaf[i].Value, parent.Value);
                cells.Add(leaf[i]);
            }
            else
            {
                Skip(RegistryError.BadKeyNode(leaf[i]));
            }
        }
    }

    private void AddValue(CellOffset cell, List<CellOffset> cells)
    {
        if (image.TryGetCell(cell, out var bytes) && KeyValue.TryRead(bytes, out _))
        {
            cells.Add(cell);
        }
        else
        {
            Skip(RegistryError.BadValue(cell));
        }
    }
}
