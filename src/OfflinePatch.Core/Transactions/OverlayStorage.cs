namespace OfflinePatch.Core.Transactions;

/// <summary>
/// Storage for overlay blocks: memory up to a limit, then a temporary file that disappears with the process, however it ends.
/// </summary>
public sealed class OverlayStorage : IDisposable
{
    /// <summary>Bytes of blocks that are kept in memory unless told otherwise.</summary>
    public const long DefaultMemoryLimit = 16L * 1024 * 1024;

    private const int BlocksPerSlab = 256;

    private readonly List<byte[]> _slabs = [];
    private readonly Stack<int> _free = [];
    private readonly int _slotsInMemory;
    private readonly string _spillFolder;
    private SpillFile? _spill;
    private int _slotCount;

    /// <param name="memoryLimit">Bytes of blocks to keep in memory; at least one slab of 1 MiB is.</param>
    /// <param name="spillFolder">Folder of the temporary file, or null for the system's own.</param>
    public OverlayStorage(long memoryLimit = DefaultMemoryLimit, string? spillFolder = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(memoryLimit);
        var slabs = Math.Clamp(memoryLimit / (BlocksPerSlab * OverlayDevice.BlockSize), 1, int.MaxValue / BlocksPerSlab);
        _slotsInMemory = (int)slabs * BlocksPerSlab;
        _spillFolder = spillFolder ?? Path.GetTempPath();
    }

    /// <inheritdoc/>
    public void Dispose() => _spill?.Dispose();

    /// <summary>A block whose content is zeros or, if it was used before, anything.</summary>
    internal int Allocate()
    {
        if (_free.TryPop(out var used))
        {
            return used;
        }

        var slot = _slotCount++;
        if (slot < _slotsInMemory && slot / BlocksPerSlab == _slabs.Count)
        {
            _slabs.Add(GC.AllocateUninitializedArray<byte>(BlocksPerSlab * OverlayDevice.BlockSize));
        }

        return slot;
    }

    internal void Free(int slot) => _free.Push(slot);

    internal void Read(int slot, int offset, Span<byte> buffer)
    {
        if (slot < _slotsInMemory)
        {
            InMemory(slot).Slice(offset, buffer.Length).CopyTo(buffer);
        }
        else
        {
            Spill.Read(SpillOffset(slot) + offset, buffer);
        }
    }

    internal void Write(int slot, int offset, ReadOnlySpan<byte> buffer)
    {
        if (slot < _slotsInMemory)
        {
            buffer.CopyTo(InMemory(slot)[offset..]);
        }
        else
        {
            Spill.Write(SpillOffset(slot) + offset, buffer);
        }
    }

    internal void Clear(int slot, int from)
    {
        Span<byte> zeros = stackalloc byte[OverlayDevice.BlockSize];
        zeros.Clear();
        Write(slot, from, zeros[from..]);
    }

    private SpillFile Spill => _spill ??= new SpillFile(_spillFolder);

    private Span<byte> InMemory(int slot) =>
        _slabs[slot / BlocksPerSlab].AsSpan(slot % BlocksPerSlab * OverlayDevice.BlockSize, OverlayDevice.BlockSize);

    private long SpillOffset(int slot) => (long)(slot - _slotsInMemory) * OverlayDevice.BlockSize;
}
