using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Names;

namespace OfflinePatch.Registry.Check;

/// <summary>The list of a key's subkeys: its kind, its count, the order of the names over all leaves, the hints and hashes beside them.</summary>
internal sealed class SubkeyListCheck(HiveImage image, HiveCensus census, HiveFindings findings)
{
    private readonly List<CellOffset> _children = [];

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
            findings.Error("REG-C401", "subkey list", cell, $"{node.SubkeyList} is no list of subkeys");
            return _children;
        }

        if (list.Kind == SubkeyListKind.IndexRoot)
        {
            ReadRoot(node, list);
        }
        else
        {
            ReadLeaf(cell, list);
        }

        if (_children.Count != node.SubkeyCount)
        {
            findings.Error("REG-C403", "key", cell, $"it has {node.SubkeyCount} subkeys, its list {_children.Count}");
        }

        CheckOrder(cell, node);
        return _children;
    }

    private void ReadRoot(KeyNode node, SubkeyList root)
    {
        for (var i = 0; i < root.Count; i++)
        {
            if (!census.TryTake(root[i], out var bytes) || !SubkeyList.TryRead(bytes, out var leaf) || leaf.Kind == SubkeyListKind.IndexRoot)
            {
                findings.Error("REG-C402", "index root", node.SubkeyList, $"its entry {root[i]} is no leaf of its own");
                return;
            }

            ReadLeaf(root[i], leaf);
        }
    }

    private void ReadLeaf(CellOffset cell, SubkeyList leaf)
    {
        _ = image.Warm(leaf.Entries(0, leaf.Count), leaf.EntrySize);
        for (var i = 0; i < leaf.Count; i++)
        {
            var child = leaf[i];
            _children.Add(child);
            if (leaf.Kind != SubkeyListKind.IndexLeaf && image.TryGetCell(child, out var bytes) && KeyNode.TryRead(bytes, out var node)
                && leaf.Hint(i) != (leaf.Kind == SubkeyListKind.HashLeaf ? NameHash.Hash(node.Name) : NameHash.Hint(node.Name)))
            {
                findings.Error("REG-C405", "subkey list", cell, $"what stands beside '{node.Name.ToString()}' is not its {(leaf.Kind == SubkeyListKind.HashLeaf ? "hash" : "hint")}");
            }
        }
    }

    private void CheckOrder(CellOffset cell, KeyNode parent)
    {
        StoredName previous = default;
        var longest = 0;
        for (var i = 0; i < _children.Count; i++)
        {
            if (!image.TryGetCell(_children[i], out var bytes) || !KeyNode.TryRead(bytes, out var node))
            {
                return; // KeyCheck says it
            }

            var name = node.Name;
            if (i > 0 && previous.OrderAgainst(name) >= 0)
            {
                findings.Error("REG-C404", "subkey list", cell, $"'{name.ToString()}' stands after '{previous.ToString()}'");
            }

            longest = Math.Max(longest, name.Length * 2);
            previous = name;
        }

        if (longest > parent.MaximumSubkeyName)
        {
            findings.Error("REG-C406", "key", cell, $"a subkey's name has {longest} bytes; it says that {parent.MaximumSubkeyName} is the most");
        }
    }
}
