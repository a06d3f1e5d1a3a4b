using System.Buffers.Binary;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Cells;

/// <summary>
/// Allocates and frees cells. Best fit over all free cells; a freed cell is merged with free neighbours in its bin; the hive grows by a bin
/// only where nothing fits
///. Spans into the hive are void after <see cref="Allocate"/>: the array may have moved.
/// </summary>
internal sealed class CellAllocator
{
    private const int MinCellSize = 8;
    private const int MaxSmallCell = 4096;

    private readonly HiveImage _image;
    private readonly CellBitmap _starts;
    private readonly List<uint>?[] _small = new List<uint>?[(MaxSmallCell / 8) + 1]; // by size / 8; entries are checked when they are taken
    private readonly SortedSet<(int Size, uint Offset)> _large = [];

    /// <param name="image">The hive.</param>
    /// <param name="starts">Every cell of the hive, allocated or free. The allocator keeps it up to date.</param>
    /// <param name="freeCells">The free cells.</param>
    public CellAllocator(HiveImage image, CellBitmap starts, IEnumerable<uint> freeCells)
    {
        _image = image;
        _starts = starts;
        foreach (var offset in freeCells)
        {
            Offer(offset, image.RawSize(new CellOffset(offset)));
        }
    }

    /// <summary>Every cell, allocated or free.</summary>
    public CellBitmap Starts => _starts;

    /// <summary>The size of a cell with its size field, for a payload.</summary>
    public static int SizeFor(int payload) => Math.Max(MinCellSize, checked(payload + 4 + 7) & ~7);

    /// <summary>An allocated cell with at least this much payload, all zeros.</summary>
    /// <exception cref="RefusedException"><c>REG-0404</c>: the hive is full.</exception>
    public CellOffset Allocate(int payload)
    {
        var size = SizeFor(payload);
        if (!TryTake(size, out var offset, out var found))
        {
            offset = AppendBin(size, out found);
        }

        if (found - size >= MinCellSize)
        {
            PutFree(offset + (uint)size, found - size);
            found = size;
        }

        SetSize(offset, -found);
        var cell = new CellOffset(offset);
        _image.WritableCell(cell).Clear();
        return cell;
    }

    /// <summary>Frees an allocated cell and joins it with free neighbours.</summary>
    public void Free(CellOffset cell)
    {
        var offset = cell.Value;
        var size = _image.Cell(cell, "cell").Length + 4;
        var next = offset + (uint)size;
        if (_starts.Contains(next) && RawSize(next) is > 0 and var after)
        {
            Withdraw(next, after);
            size += after;
        }

        if (_starts.TryFindBefore(offset, out var previous) && RawSize(previous) is > 0 and var before && previous + (uint)before == offset)
        {
            Withdraw(previous, before);
            _starts.Remove(offset);
            offset = previous;
            size += before;
        }

        PutFree(offset, size);
    }

    /// <summary>Frees the end of an allocated cell; nothing happens where less than a cell would remain.</summary>
    public void Shrink(CellOffset cell, int payload)
    {
        var size = _image.Cell(cell, "cell").Length + 4;
        var wanted = SizeFor(payload);
        if (size - wanted < MinCellSize)
        {
            return;
        }

        SetSize(cell.Value, -wanted);
        var rest = cell.Value + (uint)wanted;
        _starts.Add(rest);
        SetSize(rest, -(size - wanted));
        Free(new CellOffset(rest));
    }

    private bool TryTake(int size, out uint offset, out int found)
    {
        for (var bucket = size / 8; bucket < _small.Length; bucket++)
        {
            var list = _small[bucket];
            while (list is { Count: > 0 })
            {
                offset = list[^1];
                list.RemoveAt(list.Count - 1);
                if (_starts.Contains(offset) && RawSize(offset) == bucket * 8)
                {
                    found = bucket * 8;
                    return true;
                }
            }
        }

        foreach (var candidate in _large.GetViewBetween((size, 0), (int.MaxValue, uint.MaxValue)))
        {
            _large.Remove(candidate);
            (found, offset) = candidate;
            return true;
        }

        offset = 0;
        found = 0;
        return false;
    }

    private uint AppendBin(int size, out int found)
    {
        var bin = (size + (long)HiveBin.HeaderSize + HiveBin.Alignment - 1) / HiveBin.Alignment * HiveBin.Alignment;
        if (_image.BinsSize + bin > _image.MaxBinsSize || BaseBlock.Size + _image.BinsSize + bin > Array.MaxLength)
        {
            throw RegistryError.Full();
        }

        var start = _image.BinsSize;
        var length = (int)bin;
        _image.Grow(BaseBlock.Size + start + length);
        var bytes = _image.Writable(BaseBlock.Size + start, length);
        bytes.Clear();
        HiveBin.Write(bytes, (uint)start, (uint)length, 0);
        _image.BinsSize = start + length;
        _starts.Grow(_image.BinsSize);

        var offset = (uint)start + HiveBin.HeaderSize;
        found = length - HiveBin.HeaderSize;
        _starts.Add(offset);
        SetSize(offset, found);
        return offset;
    }

    private void PutFree(uint offset, int size)
    {
        _starts.Add(offset);
        SetSize(offset, size);
        Offer(offset, size);
    }

    private void Offer(uint offset, int size)
    {
        if (size > MaxSmallCell)
        {
            _large.Add((size, offset));
        }
        else
        {
            (_small[size / 8] ??= []).Add(offset);
        }
    }

    /// <summary>Takes a free cell out, because it becomes part of another.</summary>
    private void Withdraw(uint offset, int size)
    {
        _starts.Remove(offset);
        if (size > MaxSmallCell)
        {
            _large.Remove((size, offset));
        }
    }

    private int RawSize(uint offset) => _image.RawSize(new CellOffset(offset));

    private void SetSize(uint offset, int size) =>
        BinaryPrimitives.WriteInt32LittleEndian(_image.Writable(BaseBlock.Size + (int)offset, 4), size);
}
