using OfflinePatch.Core;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Check;

/// <summary>
/// The list of a key's subkeys: its kind, its count, the order of the names over all leaves, the hints and hashes with them.
/// </summary>
internal sealed class SubkeyListCheck(HiveImage image, HiveCensus census, HiveFindings findings)
{
    private readonly List<CellOffset> _children = [];
    private char[] _previous = new char[KeyNode.MaxNameLength];
    private char[] _upper = new char[KeyNode.MaxNameLength];
    private int _previousLength;
    private CellOffset _previousKey;
    private int _longest;
    private bool _isOrderKnown;

    /// <summary>Checks, and gives the subkeys; the list is reused by the next call.</summary>
    public List<CellOffset> Run(CellOffset cell, KeyNode node)
    {
        _children.Clear();
        if (node.SubkeyCount == 0)
        {
            return _children;
        }

        if (!census.TryTake(node.SubkeyList, out var bytes) || !SubkeyList.TryRead(bytes, out var list))
        {
            findings.Error(HiveFindingCode.SubkeyList, "subkey list", cell, $"{node.SubkeyList} is no list of subkeys");
            return _children;
        }

        _previousKey = CellOffset.Nil;
        _longest = 0;
        _isOrderKnown = true;
        if (list.Kind == SubkeyListKind.IndexRoot)
        {
            ReadRoot(cell, node, list);
        }
        else
        {
            ReadLeaf(cell, cell, list);
        }

        if (_children.Count != node.SubkeyCount)
        {
            findings.Error(HiveFindingCode.SubkeyCount, "key", cell, $"it has {node.SubkeyCount} subkeys, its list {_children.Count}");
        }

        if (_isOrderKnown && _longest > node.MaximumSubkeyName)
        {
            findings.Error(HiveFindingCode.LongestSubkeyName, "key", cell,
                $"a subkey's name has {_longest} bytes; it says that {node.MaximumSubkeyName} is the most");
        }

        return _children;
    }

    private void ReadRoot(CellOffset cell, KeyNode node, SubkeyList root)
    {
        for (var i = 0; i < root.Count; i++)
        {
            if (!census.TryTake(root[i], out var bytes) || !SubkeyList.TryRead(bytes, out var leaf)
                || leaf.Kind == SubkeyListKind.IndexRoot)
            {
                findings.Error(HiveFindingCode.IndexRootEntry, "index root", node.SubkeyList, $"its entry {root[i]} is no leaf of its own");
                return;
            }

            ReadLeaf(cell, root[i], leaf);
        }
    }

    private void ReadLeaf(CellOffset cell, CellOffset leafCell, SubkeyList leaf)
    {
        _ = image.Warm(leaf.Entries(0, leaf.Count), leaf.EntrySize);
        for (var i = 0; i < leaf.Count; i++)
        {
            var child = leaf[i];
            _children.Add(child);
            if (!image.TryGetCell(child, out var bytes) || !KeyNode.TryRead(bytes, out var node))
            {
                _isOrderKnown = false; // KeyCheck reports it
                continue;
            }

            var name = node.Name;
            var hash = TakeUpper(name);
            if ((leaf.Kind == SubkeyListKind.HashLeaf && leaf.Hint(i) != hash)
                || (leaf.Kind == SubkeyListKind.FastLeaf && leaf.Hint(i) != NameHash.Hint(name)))
            {
                findings.Error(HiveFindingCode.SubkeyHash, "subkey list", leafCell,
                    $"what is stored with '{name.ToString()}' is not its {(leaf.Kind == SubkeyListKind.HashLeaf ? "hash" : "hint")}");
            }

            CheckOrder(cell, name);
            CheckValidatorOrder(cell, name);
            _previousKey = child;
        }
    }

    /// <summary>Puts the upper-case form of a name in the buffer; returns its hash.</summary>
    private uint TakeUpper(StoredName name)
    {
        if (name.Length > _upper.Length)
        {
            Array.Resize(ref _upper, name.Length);
            Array.Resize(ref _previous, name.Length);
        }

        var upper = _upper.AsSpan(0, name.CopyTo(_upper));
        NtUpcase.ToUpper(upper, upper);
        return NameHash.Hash(upper);
    }

    private void CheckOrder(CellOffset cell, StoredName name)
    {
        if (_isOrderKnown && !_previousKey.IsNil
            && _previous.AsSpan(0, _previousLength).SequenceCompareTo(_upper.AsSpan(0, name.Length)) >= 0)
        {
            findings.Error(HiveFindingCode.SubkeyOrder, "subkey list", cell,
                $"'{name.ToString()}' stands after '{image.Key(_previousKey).Name.ToString()}'");
        }

        _longest = Math.Max(_longest, name.Length * 2);
        _previousLength = name.Length;
        (_previous, _upper) = (_upper, _previous);
    }

    /// <summary>
    /// Windows orders names by its upper-case table, and so do we. Its validator (chkreg) compares two UTF-16 names by _wcsnicmp, which
    /// knows the case of ASCII alone and takes the lower one: such a hive loads, and fails there. The verdict is the validator's; the hive
    /// may still be edited.
    /// </summary>
    private void CheckValidatorOrder(CellOffset cell, StoredName name)
    {
        if (!name.IsCompressed && image.TryGetCell(_previousKey, out var bytes) && KeyNode.TryRead(bytes, out var node)
            && node.Name is { IsCompressed: false } previous && previous.OrderByAsciiCase(name) >= 0)
        {
            findings.Error(HiveFindingCode.ValidatorOrder, "subkey list", cell,
                $"'{name.ToString()}' stands after '{previous.ToString()}': Windows loads this, its validator chkreg objects",
                forbidsEditing: false);
        }
    }
}
