using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Check;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Editing;

/// <summary>
/// Shares security descriptors among keys. The reference counts are those that the check of the hive counted, not those that were stored: a
/// cell is freed only when no key points to it, and every count that is touched is written exact.
/// </summary>
internal sealed class SecurityEditor(HiveImage image, CellAllocator cells, Dictionary<uint, uint> references)
{
    /// <summary>One more key uses a descriptor.</summary>
    public void AddReference(CellOffset security) => SetReferences(security, references.GetValueOrDefault(security.Value) + 1);

    /// <summary>One key less uses a descriptor; the last one frees it.</summary>
    public void Release(CellOffset security)
    {
        var left = references.GetValueOrDefault(security.Value);
        left = left > 0 ? left - 1 : 0;
        if (left > 0)
        {
            SetReferences(security, left);
            return;
        }

        var cell = image.Security(security);
        var (next, previous) = (cell.Next, cell.Previous);
        references.Remove(security.Value);
        new KeySecurityWriter(image.WritableCell(previous)).SetNext(next);
        new KeySecurityWriter(image.WritableCell(next)).SetPrevious(previous);
        cells.Free(security);
    }

    /// <summary>
    /// The cell of a descriptor: one that has it already, or a new one in the ring of <paramref name="neighbour"/>, without references yet.
    /// </summary>
    public CellOffset FindOrAdd(ReadOnlySpan<byte> descriptor, CellOffset neighbour)
    {
        foreach (var known in references.Keys)
        {
            if (image.Security(new CellOffset(known)).Descriptor.SequenceEqual(descriptor))
            {
                return new CellOffset(known);
            }
        }

        var added = cells.Allocate(KeySecurity.HeaderSize + descriptor.Length);
        var next = image.Security(neighbour).Next;
        var writer = new KeySecurityWriter(image.WritableCell(added));
        writer.Initialise(descriptor);
        writer.SetPrevious(neighbour);
        writer.SetNext(next);
        new KeySecurityWriter(image.WritableCell(neighbour)).SetNext(added);
        new KeySecurityWriter(image.WritableCell(next)).SetPrevious(added);
        return added;
    }

    private void SetReferences(CellOffset security, uint count)
    {
        references[security.Value] = count;
        new KeySecurityWriter(image.WritableCell(security)).SetReferenceCount(count);
    }
}
