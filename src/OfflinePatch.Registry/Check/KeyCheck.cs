using System.Runtime.InteropServices;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Check;

/// <summary>Every key from the root down: its own cell, its class, security, values and list of subkeys.</summary>
internal sealed class KeyCheck(HiveImage image, HiveCensus census, HiveFindings findings, uint minorVersion, bool isLayered)
{
    /// <summary>Shares to cut a hive into: enough that the largest does not keep one processor busy while the others wait.</summary>
    private const int WantedShares = 64;

    /// <summary>The largest cell that Windows takes for a key.</summary>
    private const int PlausibleKeySize = 0x45C;

    private readonly ValueCheck _values = new(image, census, findings, minorVersion, isLayered);
    private readonly SubkeyListCheck _lists = new(image, census, findings);
    private readonly Stack<(CellOffset Key, CellOffset Parent, int Depth)> _pending = new();
    private readonly Dictionary<uint, uint> _securityKeys = [];
    private uint _security; // the descriptor of the last keys, and how many they are: most keys have that of their neighbours
    private uint _keysInARow;

    /// <summary>Checks a subtree.</summary>
    public void Run(CellOffset root)
    {
        _pending.Push((root, CellOffset.Nil, 0));
        Drain();
        TellSecurity();
    }

    /// <summary>Checks a subtree on all processors. Findings may come in another order than on one thread.</summary>
    public void RunInShares(CellOffset root)
    {
        var level = new List<(CellOffset Key, CellOffset Parent, int Depth)> { (root, CellOffset.Nil, 0) };
        while (level.Count is > 0 and < WantedShares * 4)
        {
            foreach (var (key, parent, depth) in level)
            {
                CheckKey(key, parent, depth);
            }

            level = [.. _pending];
            _pending.Clear();
        }

        var parts = new (KeyCheck Check, HiveFindings Findings)[Math.Min(WantedShares, level.Count)];
        Shares.ForEach(parts.Length, i =>
        {
            var found = new HiveFindings();
            var check = new KeyCheck(image, census, found, minorVersion, isLayered);
            parts[i] = (check, found);
            for (var next = i; next < level.Count; next += parts.Length)
            {
                check._pending.Push(level[next]);
            }

            check.Drain();
        });
        TellSecurity();
        foreach (var (check, found) in parts)
        {
            check.TellSecurity();
            findings.AddRange(found);
        }
    }

    /// <summary>Checks each of these keys, and not what is below them.</summary>
    public void RunEach(IEnumerable<uint> keys, CellOffset root)
    {
        foreach (var key in keys)
        {
            var cell = new CellOffset(key);
            var parent = cell != root && image.TryGetCell(cell, out var bytes)
                && KeyNode.TryRead(bytes, out var node) ? node.Parent : CellOffset.Nil;
            CheckKey(cell, parent, depth: 0);
            _pending.Clear();
        }

        TellSecurity();
    }

    private void Drain()
    {
        while (_pending.TryPop(out var next))
        {
            CheckKey(next.Key, next.Parent, next.Depth);
        }
    }

    private void CheckKey(CellOffset cell, CellOffset parent, int depth)
    {
        if (!census.TryTake(cell, out var bytes))
        {
            findings.Error(HiveFindingCode.SubkeyCell, "key", parent, $"its subkey {cell} is no allocated cell of its own");
            return;
        }

        if (!KeyNode.TryRead(bytes, out var node) || node.NameLength == 0)
        {
            findings.Error(HiveFindingCode.KeyNode, "key", cell, "it is no 'nk' with a name that fits its cell");
            return;
        }

        if (bytes.Length > PlausibleKeySize)
        {
            findings.Error(HiveFindingCode.KeyNodeCell, "key", cell, $"its cell has {bytes.Length} bytes");
        }

        if (!parent.IsNil && node.Parent != parent)
        {
            findings.Error(HiveFindingCode.KeyParent, "key", cell, $"its parent is {node.Parent} instead of {parent}");
        }

        if (depth > CellReader.MaxDepth)
        {
            findings.Error(HiveFindingCode.KeyDepth, "key", cell, "it is deeper than 512 levels");
            return;
        }

        CheckName(cell, node);
        CheckFlags(cell, node, isRoot: parent.IsNil);
        CheckClass(cell, node);
        CheckSecurity(cell, node);
        _values.Run(cell, node);
        foreach (var child in _lists.Run(cell, node))
        {
            _pending.Push((child, cell, depth + 1));
        }
    }

    private void CheckName(CellOffset cell, KeyNode node)
    {
        if ((node.Flags & KeyNodeFlags.CompressedName) == 0 && node.NameLength % 2 != 0)
        {
            findings.Error(HiveFindingCode.KeyNameLength, "key", cell, "its UTF-16 name has an odd length");
        }

        if (node.Name.Contains('\\'))
        {
            findings.Error(HiveFindingCode.KeyNameBackslash, "key", cell, "its name holds a backslash");
        }
    }

    private void CheckFlags(CellOffset cell, KeyNode node, bool isRoot)
    {
        if ((node.Flags & KeyNodeFlags.HiveExit) != 0 || (!isRoot && (node.Flags & KeyNodeFlags.HiveEntry) != 0))
        {
            findings.Error(HiveFindingCode.MountPoint, "key", cell, "its flags say that it is where hives join");
        }

        if (isRoot && (node.Flags & KeyNodeFlags.SymbolicLink) != 0)
        {
            findings.Error(HiveFindingCode.RootLink, "key", cell, "the root is a symbolic link");
        }

        if ((node.Flags & KeyNodeFlags.PredefinedHandle) != 0)
        {
            CheckHandle(cell, node);
        }

        if (node.LayerSemantics != 0 && !isLayered)
        {
            findings.Error(HiveFindingCode.KeyLayer, "key", cell, "it has layer semantics, in a hive without layers");
        }
        else if (node.LayerSemantics == 1 && (node.ValueCount > 0 || node.SubkeyCount > 0))
        {
            findings.Error(HiveFindingCode.DeletedKeyContent, "key", cell, "it is deleted in this layer, and has content");
        }
    }

    /// <summary>
    /// Windows keeps a handle (HKEY_PERFORMANCE_TEXT and its neighbours, all from 0x80000000 on) in the place of the value count of such
    /// keys in SOFTWARE. Since 2023 it no longer makes them, and its newest validator objects to the flag; every older machine has them and
    /// starts.
    /// </summary>
    private void CheckHandle(CellOffset cell, KeyNode node)
    {
        if (node.RawValueCount < 0x80000000 || node.SubkeyCount > 0)
        {
            findings.Error(HiveFindingCode.UnknownPredefinedHandle, "key", cell,
                $"its flags say that it stands for a predefined handle, which 0x{node.RawValueCount:X} is not");
        }
        else
        {
            findings.Note(HiveFindingCode.PredefinedHandle, "key", cell,
                $"it stands for the predefined handle 0x{node.RawValueCount:X}; Windows made such keys until 2023");
        }
    }

    private void CheckClass(CellOffset cell, KeyNode node)
    {
        if (node.ClassLength == 0)
        {
            if (!node.ClassName.IsNil)
            {
                findings.Error(HiveFindingCode.ClassName, "class name", cell, $"it has no length, and a place at {node.ClassName}");
            }

            return;
        }

        if (!census.TryTake(node.ClassName, out var text))
        {
            findings.Error(HiveFindingCode.ClassName, "class name", cell,
                $"it is at {node.ClassName}, which is no allocated cell of its own");
        }
        else if (text.Length < node.ClassLength)
        {
            findings.Error(HiveFindingCode.ClassName, "class name", cell, $"its {node.ClassLength} bytes are in a cell of {text.Length}");
        }
    }

    private void CheckSecurity(CellOffset cell, KeyNode node)
    {
        if (!image.TryGetCell(node.Security, out _) || !census.CellStarts.Contains(node.Security.Value))
        {
            findings.Error(HiveFindingCode.KeySecurity, "key", cell,
                $"its security descriptor is at {node.Security}, which is no allocated cell");
            return;
        }

        if (node.Security.Value != _security)
        {
            CountSecurity();
            _security = node.Security.Value;
        }

        _keysInARow++;
    }

    private void CountSecurity()
    {
        if (_keysInARow > 0)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_securityKeys, _security, out _) += _keysInARow;
            _keysInARow = 0;
        }
    }

    /// <summary>Gives the counted keys to the census; not safe against other threads.</summary>
    private void TellSecurity()
    {
        CountSecurity();
        foreach (var (security, keys) in _securityKeys)
        {
            census.CountSecurityReferences(security, keys);
        }

        _securityKeys.Clear();
    }
}
