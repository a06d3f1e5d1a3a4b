using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Check;

/// <summary>The ring of security cells, from the root's on: each sound, each linked both ways.</summary>
internal sealed class SecurityCheck(HiveImage image, HiveCensus census, HiveFindings findings)
{
    private readonly HashSet<uint> _ring = [];

    public void Run(CellOffset root)
    {
        if (!image.TryGetCell(root, out var cell) || !KeyNode.TryRead(cell, out var node))
        {
            return; // KeyCheck says it
        }

        var anchor = node.Security;
        var previous = CellOffset.Nil;
        var current = anchor;
        do
        {
            if (!_ring.Add(current.Value))
            {
                findings.Error("REG-C201", "security ring", current, "it does not come back to the root's descriptor");
                return;
            }

            if (!image.TryGetCell(current, out var bytes))
            {
                findings.Error("REG-C202", "security ring", previous, $"it leads to {current}, which is no allocated cell");
                return;
            }

            if (!KeySecurity.TryRead(bytes, out var security))
            {
                findings.Error("REG-C203", "key security", current, "it is no 'sk' with a descriptor that fits its cell");
                return;
            }

            if (current != anchor && security.Previous != previous)
            {
                findings.Error("REG-C204", "key security", current, $"its back link is {security.Previous} instead of {previous}");
            }

            if (!SecurityDescriptors.IsSound(security.Descriptor))
            {
                findings.Error("REG-C205", "key security", current, "its descriptor is not sound");
            }

            census.Claim(current);
            previous = current;
            current = security.Next;
        }
        while (current != anchor);
    }

    /// <summary>What the keys' references say against what is stored; Windows does not mind either.</summary>
    public void CompareCounts()
    {
        foreach (var (cell, references) in census.SecurityReferences)
        {
            var offset = new CellOffset(cell);
            if (image.TryGetCell(offset, out var bytes) && KeySecurity.TryRead(bytes, out var security) && security.ReferenceCount != references)
            {
                findings.Note("REG-C206", "key security", offset, $"its reference count is {security.ReferenceCount}; {references} keys use it");
            }

            if (!_ring.Contains(cell))
            {
                findings.Note("REG-C207", "key security", offset, "it is not in the ring of descriptors");
            }
        }
    }
}
