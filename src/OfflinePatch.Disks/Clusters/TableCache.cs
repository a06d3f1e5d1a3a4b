using OfflinePatch.Core;

namespace OfflinePatch.Disks.Clusters;

/// <summary>
/// Tables of one size, read from the host file and kept; at most 16 MiB of them, the least recently used one goes first. Changes are
/// written through at once, so that there is nothing to flush. Several threads may call <see cref="Get"/>; a table that is dropped stays
/// valid for who still reads it.
/// </summary>
internal sealed class TableCache
{
    private const int MaxBytes = 16 * 1024 * 1024;

    private readonly ResizableDevice _file;
    private readonly int _tableSize;
    private readonly int _slots;
    private readonly Dictionary<long, Slot> _tables = [];
    private readonly Lock _lock = new();
    private Slot? _last;
    private long _tick;

    /// <param name="file">The host file.</param>
    /// <param name="tableSize">Bytes of a table, at most 4 MiB.</param>
    public TableCache(ResizableDevice file, int tableSize)
    {
        _file = file;
        _tableSize = tableSize;
        _slots = Math.Clamp(MaxBytes / tableSize, 4, 2048);
    }

    /// <summary>The table at a host offset. The caller has checked that the file holds it whole, and does not change it.</summary>
    public byte[] Get(long offset)
    {
        var last = _last;
        if (last is not null && last.Offset == offset)
        {
            return last.Table;
        }

        lock (_lock)
        {
            if (!_tables.TryGetValue(offset, out var slot))
            {
                var table = new byte[_tableSize];
                _file.Read(offset, table);
                slot = Insert(offset, table);
            }

            slot.Tick = ++_tick;
            _last = slot;
            return slot.Table;
        }
    }

    /// <summary>Changes some bytes of a table, here and in the file.</summary>
    public void Change(long offset, int within, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Get(offset).AsSpan(within));
        _file.Write(offset + within, bytes);
    }

    /// <summary>Stores a whole new table, here and in the file, which grows if it must.</summary>
    public void Store(long offset, ReadOnlySpan<byte> table)
    {
        _file.EnsureLength(offset + _tableSize);
        _file.Write(offset, table);
        lock (_lock)
        {
            _last = null;
            _tables.Remove(offset);
            Insert(offset, table.ToArray()).Tick = ++_tick;
        }
    }

    /// <summary>Forgets a table whose place in the file is used for something else now.</summary>
    public void Forget(long offset)
    {
        lock (_lock)
        {
            _last = null;
            _tables.Remove(offset);
        }
    }

    private Slot Insert(long offset, byte[] table)
    {
        if (_tables.Count >= _slots)
        {
            _tables.Remove(_tables.MinBy(pair => pair.Value.Tick).Key);
        }

        var slot = new Slot { Offset = offset, Table = table };
        _tables.Add(offset, slot);
        return slot;
    }

    private sealed class Slot
    {
        public required long Offset { get; init; }

        public required byte[] Table { get; init; }

        public long Tick { get; set; }
    }
}
