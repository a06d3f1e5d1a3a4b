using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Check;

/// <summary>
/// The ring of security cells, from the root's on: each linked both ways, each with a descriptor that fits. Windows requires no more.
/// </summary>
internal sealed class SecurityCheck(HiveImage image, HiveCensus census, HiveFindings findings)
{
    private readonly HashSet<uint> _ring = [];

    public void Run(CellOffset root)
    {
        if (!image.TryGetCell(root, out var cell) || !KeyNode.TryRead(cell, out var node))
        {
            return; // KeyCheck reports it
        }

        var anchor = node.Security;
        var previous = CellOffset.Nil;
        var current = anchor;
        do
        {
            if (!census.TryTake(current, out var bytes))
            {
                findings.Error(HiveFindingCode.RingBroken, "security ring", previous,
                    $"it leads to {current}, which is no allocated cell of its own");
                return;
            }

            _ring.Add(current.Value);
            if (!KeySecurity.TryReadUnsigned(bytes, out var security))
            {
                findings.Error(HiveFindingCode.DescriptorLength, "key security", current, "its descriptor does not fit its cell");
                return;
            }

            if (current != anchor && security.Previous != previous)
            {
                findings.Error(HiveFindingCode.RingBackLink, "key security", current,
                    $"its back link is {security.Previous} instead of {previous}");
            }

            CheckDescriptor(current, security);
            previous = current;
            current = security.Next;
        }
        while (current != anchor);

        if (image.TryGetCell(anchor, out var first) && KeySecurity.TryReadUnsigned(first, out var back) && back.Previous != previous)
        {
            findings.Error(HiveFindingCode.RingBackLink, "key security", anchor, $"its back link is {back.Previous} instead of {previous}");
        }
    }

    /// <summary>
    /// Every descriptor that a key uses is in the ring; the counts of such keys are right (Windows checks only the first).
    /// </summary>
    public void CompareCounts()
    {
        foreach (var (cell, references) in census.SecurityReferences)
        {
            var offset = new CellOffset(cell);
            if (!_ring.Contains(cell))
            {
                findings.Error(HiveFindingCode.NotInRing, "key security", offset, "it is not in the ring of descriptors");
            }
            else if (image.TryGetCell(offset, out var bytes) && KeySecurity.TryRead(bytes, out var security)
                && security.ReferenceCount != references)
            {
                findings.Note(HiveFindingCode.ReferenceCount, "key security", offset,
                    $"its reference count is {security.ReferenceCount}; {references} keys use it");
            }
        }
    }

    private void CheckDescriptor(CellOffset cell, KeySecurity security)
    {
        if (security.Descriptor.IsEmpty || security.Descriptor[0] != 1)
        {
            findings.Error(HiveFindingCode.DescriptorRevision, "key security", cell, "its descriptor is not of revision 1");
        }
        else if (!SecurityDescriptors.IsSound(security.Descriptor))
        {
            findings.Note(HiveFindingCode.DescriptorUnsound, "key security", cell, "its descriptor is not sound");
        }

        if (!security.HasSignature)
        {
            findings.Note(HiveFindingCode.SecuritySignature, "key security", cell, "its signature is not 'sk'", forbidsEditing: true);
        }
    }
}
