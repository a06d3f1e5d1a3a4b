using System.Buffers;

namespace OfflinePatch.Core.Transactions;

/// <summary>
/// A writable view of a device that is not to be touched: writes land in blocks of their own, reads see them. The device below is only
/// read.
/// </summary>
/// <remarks>Several threads may read while none writes.</remarks>
public sealed class OverlayDevice : ResizableDevice
{
    /// <summary>
    /// Bytes of one overlay block. Small, since most edits are scattered sectors; a power of two of at least a sector of any disk.
    /// </summary>
    internal const int BlockSize = 4096;

    private readonly BlockDevice _below;
    private readonly OverlayStorage _storage;
    private readonly Dictionary<long, int> _slots = [];
    private long[]? _sortedBlocks;
    private long _length;
    private long _visibleBelow; // bytes of the device below that still show through: less than its length once the view was cut

    /// <param name="below">The device to protect; not owned.</param>
    /// <param name="storage">Where the blocks live; may be shared between overlays; not owned.</param>
    public OverlayDevice(BlockDevice below, OverlayStorage storage)
    {
        _below = below;
        _storage = storage;
        _length = below.Length;
        _visibleBelow = below.Length;
    }

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override int SectorSize => _below.SectorSize;

    /// <summary>Whether anything was written, or the length changed. What was written may still equal what is below.</summary>
    public bool IsTouched => _slots.Count > 0 || _length != _below.Length;

    /// <summary>Numbers of the blocks that were written, ascending.</summary>
    internal ReadOnlySpan<long> TouchedBlocks
    {
        get
        {
            if (_sortedBlocks is null)
            {
                _sortedBlocks = [.. _slots.Keys];
                Array.Sort(_sortedBlocks);
            }

            return _sortedBlocks;
        }
    }

    /// <summary>The parts of the device in which something was written, ascending; each begins at a multiple of the unit.</summary>
    /// <param name="unit">Bytes of a part: a multiple of 4096. The last part may end with the device.</param>
    /// <returns>Offset of each part, in bytes.</returns>
    public IReadOnlyList<long> ChangedUnits(int unit)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(unit % BlockSize, 0);
        var units = new List<long>();
        foreach (var block in TouchedBlocks)
        {
            var start = block * BlockSize / unit * unit;
            if (units.Count == 0 || units[^1] != start)
            {
                units.Add(start);
            }
        }

        return units;
    }

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        if (_slots.Count == 0)
        {
            ReadBelow(offset, buffer);
            return;
        }

        // What was written is not read below; what was not is read in one go.
        var below = 0;
        for (var at = 0; at < buffer.Length;)
        {
            var within = (int)((offset + at) % BlockSize);
            var count = Math.Min(buffer.Length - at, BlockSize - within);
            if (_slots.TryGetValue((offset + at) / BlockSize, out var slot))
            {
                ReadBelow(offset + below, buffer[below..at]);
                _storage.Read(slot, within, buffer.Slice(at, count));
                below = at + count;
            }

            at += count;
        }

        ReadBelow(offset + below, buffer[below..]);
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (buffer.Length > 0)
        {
            var within = (int)(offset % BlockSize);
            var count = Math.Min(buffer.Length, BlockSize - within);
            var slot = SlotFor(offset / BlockSize, keepsOld: count < BlockSize);
            _storage.Write(slot, within, buffer[..count]);
            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    public override void SetLength(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length < _length)
        {
            foreach (var block in _slots.Keys.Where(b => (b + 1) * BlockSize > length).ToList())
            {
                if (block * BlockSize >= length)
                {
                    _storage.Free(_slots[block]);
                    _slots.Remove(block);
                    _sortedBlocks = null;
                }
                else
                {
                    var kept = (int)(length - (block * BlockSize));
                    _storage.Clear(_slots[block], kept);
                }
            }

            _visibleBelow = Math.Min(_visibleBelow, length);
        }

        var cut = _length;
        _length = length;
        FillWithZeros(cut, Math.Min(length, _below.Length));
    }

    /// <inheritdoc/>
    public override void Prefetch(long offset, long length) =>
        _below.Prefetch(offset, Math.Min(length, Math.Max(0, _visibleBelow - offset)));

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset)
    {
        CheckRange(offset, 1);
        var blocks = TouchedBlocks;
        var index = blocks.BinarySearch(offset / BlockSize);
        if (index >= 0)
        {
            var end = index + 1;
            while (end < blocks.Length && blocks[end] == blocks[end - 1] + 1)
            {
                end++;
            }

            return new DeviceExtent(offset, Math.Min((blocks[end - 1] + 1) * BlockSize, _length) - offset, IsZero: false);
        }

        var next = ~index < blocks.Length ? Math.Min(blocks[~index] * BlockSize, _length) : _length;
        if (offset >= _visibleBelow)
        {
            return new DeviceExtent(offset, next - offset, IsZero: true);
        }

        var below = _below.GetExtent(offset);
        var shown = Math.Min(below.Length, _visibleBelow - offset);
        return new DeviceExtent(offset, Math.Min(shown, next - offset), below.IsZero);
    }

    /// <summary>A region that was truncated and extended again reads as zeros, so it must shadow the old bytes below.</summary>
    private void FillWithZeros(long start, long end)
    {
        ReadOnlySpan<byte> zeros = stackalloc byte[BlockSize];
        for (var offset = start; offset < end;)
        {
            var count = (int)Math.Min(end - offset, BlockSize - (offset % BlockSize));
            Write(offset, zeros[..count]);
            offset += count;
        }
    }

    /// <summary>Reads what the device below holds, whatever was written here: zeros where it does not show through.</summary>
    private void ReadBelow(long offset, Span<byte> buffer)
    {
        var shown = (int)Math.Clamp(_visibleBelow - offset, 0, buffer.Length);
        if (shown > 0)
        {
            _below.Read(offset, buffer[..shown]);
        }

        buffer[shown..].Clear();
    }

    private int SlotFor(long block, bool keepsOld)
    {
        if (_slots.TryGetValue(block, out var slot))
        {
            return slot;
        }

        slot = _storage.Allocate();
        if (keepsOld)
        {
            var old = ArrayPool<byte>.Shared.Rent(BlockSize);
            var start = block * BlockSize;
            ReadBelow(start, old.AsSpan(0, BlockSize));
            _storage.Write(slot, 0, old.AsSpan(0, BlockSize));
            ArrayPool<byte>.Shared.Return(old);
        }

        _slots.Add(block, slot);
        _sortedBlocks = null;
        return slot;
    }
}
