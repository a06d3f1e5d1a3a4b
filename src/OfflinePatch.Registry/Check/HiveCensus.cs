using System.Runtime.InteropServices;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Check;

/// <summary>
/// What a check learns about the cells of a hive: where they start, which are free, which are in use, how many keys use each security descriptor.
/// The editor works on with it.
/// </summary>
internal sealed class HiveCensus(HiveImage image)
{
    private readonly CellBitmap _used = new(image.BinsSize);

    /// <summary>Every cell, allocated or free.</summary>
    public CellBitmap CellStarts { get; } = new(image.BinsSize);

    /// <summary>Free cells, in ascending order.</summary>
    public List<uint> FreeCells { get; } = [];

    /// <summary>Allocated cells.</summary>
    public int AllocatedCount { get; set; }

    /// <summary>Cells that something uses.</summary>
    public int UsedCount { get; private set; }

    /// <summary>Keys that point to each security cell.</summary>
    public Dictionary<uint, uint> SecurityReferences { get; } = [];

    /// <summary>
    /// Takes a cell for one structure. False when there is no allocated cell at this place, or another structure has it: Windows allows neither
    /// (only security cells are shared).
    /// </summary>
    public bool TryTake(CellOffset cell, out ReadOnlySpan<byte> payload)
    {
        if (!image.TryGetCell(cell, out payload) || !CellStarts.Contains(cell.Value) || !_used.Add(cell.Value))
        {
            return false;
        }

        UsedCount++;
        return true;
    }

    /// <summary>Counts one more key that points to a security cell.</summary>
    public void CountSecurityReference(CellOffset security) =>
        CollectionsMarshal.GetValueRefOrAddDefault(SecurityReferences, security.Value, out _)++;
}
