using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Check;

/// <summary>Every key from the root down: its own cell, its class, security, values and list of subkeys (registry.md §6).</summary>
internal sealed class KeyCheck(HiveImage image, HiveCensus census, HiveFindings findings, uint minorVersion)
{
    /// <summary>The largest cell that Windows takes for a key.</summary>
    private const int PlausibleKeySize = 0x45C;

    private readonly ValueCheck _values = new(image, census, findings, minorVersion);
    private readonly Stack<(CellOffset Key, CellOffset Parent, int Depth)> _pending = new();
    private int _keys;

    public void Run(CellOffset root)
    {
        var limit = image.BinsSize / 16;
        _pending.Push((root, CellOffset.Nil, 0));
        while (_pending.TryPop(out var next))
        {
            if (++_keys > limit)
            {
                findings.Error("REG-C310", "key", next.Key, "there are more keys than the hive can hold: lists share or repeat keys");
                return;
            }

            CheckKey(next.Key, next.Parent, next.Depth);
        }
    }

    private void CheckKey(CellOffset cell, CellOffset parent, int depth)
    {
        if (!image.TryGetCell(cell, out var bytes))
        {
            findings.Error("REG-C301", "key", parent, $"its subkey {cell} is no allocated cell");
            return;
        }

        if (!KeyNode.TryRead(bytes, out var node) || node.NameLength == 0)
        {
            findings.Error("REG-C302", "key", cell, "it is no 'nk' with a name that fits its cell");
            return;
        }

        if (bytes.Length > PlausibleKeySize)
        {
            findings.Error("REG-C303", "key", cell, $"its cell has {bytes.Length} bytes");
        }

        if (!parent.IsNil && node.Parent != parent)
        {
            findings.Error("REG-C304", "key", cell, $"its parent is {node.Parent} instead of {parent}");
        }

        if (depth > CellReader.MaximumDepth)
        {
            findings.Error("REG-C305", "key", cell, "it is deeper than 512 levels");
            return;
        }

        census.Claim(cell);
        CheckClass(cell, node);
        CheckSecurity(cell, node);
        _values.Run(cell, node);
        CheckSubkeys(cell, node, depth);
    }

    private void CheckClass(CellOffset cell, KeyNode node)
    {
        if (node.ClassLength == 0)
        {
            return;
        }

        if (!image.TryGetCell(node.ClassName, out _))
        {
            findings.Error("REG-C306", "class name", cell, $"it is at {node.ClassName}, which is no allocated cell");
            return;
        }

        census.Claim(node.ClassName);
    }

    private void CheckSecurity(CellOffset cell, KeyNode node)
    {
        if (!image.TryGetCell(node.Security, out _))
        {
            findings.Error("REG-C307", "key", cell, $"its security descriptor is at {node.Security}, which is no allocated cell");
            return;
        }

        System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(census.SecurityReferences, node.Security.Value, out _)++;
    }

    private void CheckSubkeys(CellOffset cell, KeyNode node, int depth)
    {
        if (node.SubkeyCount == 0)
        {
            return;
        }

        if (!image.TryGetCell(node.SubkeyList, out var bytes) || !SubkeyList.TryRead(bytes, out var list))
        {
            findings.Error("REG-C401", "subkey list", cell, $"{node.SubkeyList} is no list of subkeys");
            return;
        }

        census.Claim(node.SubkeyList);
        var order = new SiblingOrder(image, findings, cell);
        long total = 0;
        if (list.Kind != SubkeyListKind.IndexRoot)
        {
            total = list.Count;
            PushLeaf(cell, list, depth, ref order);
        }
        else
        {
            for (var i = 0; i < list.Count; i++)
            {
                if (!image.TryGetCell(list[i], out var leafBytes) || !SubkeyList.TryRead(leafBytes, out var leaf) || leaf.Kind == SubkeyListKind.IndexRoot)
                {
                    findings.Error("REG-C402", "index root", node.SubkeyList, $"its entry {list[i]} is no leaf");
                    return;
                }

                census.Claim(list[i]);
                total += leaf.Count;
                PushLeaf(cell, leaf, depth, ref order);
            }
        }

        if (total != node.SubkeyCount)
        {
            findings.Error("REG-C403", "key", cell, $"it has {node.SubkeyCount} subkeys, its list {total}");
        }
    }

    private void PushLeaf(CellOffset parent, SubkeyList leaf, int depth, ref SiblingOrder order)
    {
        for (var i = 0; i < leaf.Count; i++)
        {
            var child = leaf[i];
            order.Next(child, leaf.Kind, leaf.Kind == SubkeyListKind.IndexLeaf ? 0 : leaf.Hint(i));
            _pending.Push((child, parent, depth + 1));
        }
    }
}
