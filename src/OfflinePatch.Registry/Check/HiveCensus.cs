using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Check;

/// <summary>What a check counted on its way, for the editor: where cells start, which are free, how many keys use each security descriptor.</summary>
internal sealed class HiveCensus(int binsSize)
{
    /// <summary>Every cell, allocated or free.</summary>
    public CellBitmap CellStarts { get; } = new(binsSize);

    /// <summary>Cells that something uses; filled for editing only.</summary>
    public CellBitmap? Used { get; set; }

    /// <summary>Free cells, in ascending order.</summary>
    public List<uint> FreeCells { get; } = [];

    /// <summary>Where bins start, in ascending order.</summary>
    public List<uint> Bins { get; } = [];

    /// <summary>Keys that point to each security cell.</summary>
    public Dictionary<uint, uint> SecurityReferences { get; } = [];

    /// <summary>The first cell found that two structures use, or that starts inside another; null when there is none.</summary>
    public CellOffset? SharedCell { get; private set; }

    /// <summary>Notes that something owns a cell alone.</summary>
    public void Claim(CellOffset cell)
    {
        if (Used is not null && SharedCell is null && (!CellStarts.Contains(cell.Value) || !Used.Add(cell.Value)))
        {
            SharedCell = cell;
        }
    }
}
