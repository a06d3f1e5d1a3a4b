using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Names;

namespace OfflinePatch.Registry.Check;

/// <summary>The subkeys of one key stand in ascending order, over all leaves, and each beside the right hash.</summary>
internal ref struct SiblingOrder(HiveImage image, HiveFindings findings, CellOffset parent)
{
    private StoredName _previous;
    private bool _hasPrevious;

    public void Next(CellOffset child, SubkeyListKind kind, uint hint)
    {
        if (!image.TryGetCell(child, out var bytes) || !KeyNode.TryRead(bytes, out var node))
        {
            return; // KeyCheck says it
        }

        var name = node.Name;
        if (_hasPrevious && _previous.OrderAgainst(name) >= 0)
        {
            findings.Error("REG-C404", "subkey list", parent, $"'{name.ToString()}' stands after '{_previous.ToString()}'");
        }

        if (kind == SubkeyListKind.HashLeaf && hint != NameHash.Hash(name))
        {
            findings.Note("REG-C405", "subkey list", parent, $"the hash of '{name.ToString()}' is wrong");
        }

        _previous = name;
        _hasPrevious = true;
    }
}
