using System.Runtime.InteropServices;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Check;

/// <summary>
/// What a check learns about the cells of a hive: where they start, which are free, which nothing has claimed yet, how many keys use each
/// security descriptor. Cells may be added and taken by several threads. The editor continues to use it.
/// </summary>
internal sealed class HiveCensus
{
    private const int BinShift = 9; // bins start at 4 KiB, so one bit for each 4 KiB does

    private readonly HiveImage _image;
    private readonly CellBitmap _untaken;
    private readonly CellBitmap _binStarts;
    private readonly bool _hasUntakenFreeCells;

    /// <summary>An empty census, to be filled by a check of all bins.</summary>
    public HiveCensus(HiveImage image)
    {
        _image = image;
        _binStarts = new CellBitmap(image.BinsSize >> BinShift);
        CellStarts = new CellBitmap(image.BinsSize);
        _untaken = new CellBitmap(image.BinsSize);
    }

    /// <summary>The census of a hive whose cells are known. Which of them are free is looked up when they are taken.</summary>
    public HiveCensus(HiveImage image, CellBitmap cellStarts)
    {
        _image = image;
        _binStarts = new CellBitmap(image.BinsSize >> BinShift);
        CellStarts = cellStarts;
        _untaken = cellStarts.Clone();
        _hasUntakenFreeCells = true;
    }

    /// <summary>Every cell, allocated or free.</summary>
    public CellBitmap CellStarts { get; }

    /// <summary>Free cells, in ascending order.</summary>
    public List<uint> FreeCells { get; } = [];

    /// <summary>Allocated cells that nothing has taken.</summary>
    public long UntakenCount => _untaken.Count();

    /// <summary>Keys that point to each security cell.</summary>
    public Dictionary<uint, uint> SecurityReferences { get; } = [];

    /// <summary>Notes where a bin starts.</summary>
    public void AddBin(uint offset) => _binStarts.Add(offset >> BinShift);

    /// <summary>Notes an allocated or free cell. Threads may add cells of different bins.</summary>
    public void AddCell(uint offset, bool isAllocated)
    {
        CellStarts.Add(offset);
        if (isAllocated)
        {
            _untaken.Add(offset);
        }
    }

    /// <summary>
    /// Takes a cell for one structure. False when there is no allocated cell at this place, or another structure has it: Windows allows
    /// neither (only security cells are shared).
    /// </summary>
    public bool TryTake(CellOffset cell, out ReadOnlySpan<byte> payload)
    {
        if (TryTake(cell))
        {
            return _image.TryGetCell(cell, out payload);
        }

        payload = default;
        return false;
    }

    /// <summary>
    /// Takes a cell whose content nobody checks, without touching it: its size follows from where the next cell or bin starts.
    /// </summary>
    public bool TryTakeUnread(CellOffset cell, out int length)
    {
        length = 0;
        if (_hasUntakenFreeCells)
        {
            var isTaken = TryTake(cell, out var payload);
            length = payload.Length;
            return isTaken;
        }

        if (!TryTake(cell))
        {
            return false;
        }

        var end = CellStarts.TryFindAfter(cell.Value, out var next) ? next : (uint)_image.BinsSize + HiveBin.HeaderSize;
        var bin = end - HiveBin.HeaderSize;
        var isFirstInBin = bin == _image.BinsSize || (bin % HiveBin.Alignment == 0 && _binStarts.Contains(bin >> BinShift));
        length = (int)((isFirstInBin ? bin : end) - cell.Value) - 4;
        return true;
    }

    /// <summary>Counts keys that point to a security cell.</summary>
    public void CountSecurityReferences(uint security, uint keys) =>
        CollectionsMarshal.GetValueRefOrAddDefault(SecurityReferences, security, out _) += keys;

    private bool TryTake(CellOffset cell) => (cell.Value & 7) == 0 && _untaken.TryRemove(cell.Value);
}
