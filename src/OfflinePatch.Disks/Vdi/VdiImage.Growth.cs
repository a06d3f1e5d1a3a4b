using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vdi;

/// <summary>
/// The disk grows by entries of the map. Where the first blocks are in the way, they move to the end of the file and the data starts later,
/// as VirtualBox does it.
/// </summary>
internal sealed partial class VdiImage
{
    /// <inheritdoc/>
    public override string? WhyNotGrow => Parent is null && _type is VdiLayout.TypeDynamic or VdiLayout.TypeFixed
        ? null
        : "A differencing VDI has the size of its parent.";

    /// <inheritdoc/>
    protected override long GrowTo(long length)
    {
        var blocks = (length + _blockSize - 1) / _blockSize;
        if (length > VdiLayout.MaxBytes || blocks > VdiLayout.MaxBlocks)
        {
            throw VdiError.TooLarge(length);
        }

        RenewModifiedId();
        var old = _map.Count;
        if (blocks > old)
        {
            var missing = Math.Max(0, _map.Offset + (blocks * sizeof(uint)) - _dataOffset);
            var dropped = (missing + _blockSize - 1) / _blockSize;
            _file.EnsureLength(_dataOffset + (dropped * _blockSize));
            _map.Grow((int)blocks, (uint)dropped, MoveBlock);
            _dataOffset += dropped * _blockSize;
        }

        _length = length;
        WriteHeader();
        for (var block = old; _type == VdiLayout.TypeFixed && block < _map.Count; block++)
        {
            var place = _map.NextPlace;
            var end = _file.Length;
            _file.EnsureLength(PlaceOf(place) + _blockSize);
            Clear(PlaceOf(place), end);
            _map.Set(block, place);
        }

        WriteStoredCount();
        return Math.Min(length, (long)old * _blockSize); // all other entries were set
    }

    private void WriteHeader()
    {
        Span<byte> field = stackalloc byte[8];
        LittleEndian.PutU64(field, 0, (ulong)_length);
        _file.Write(VdiLayout.DiskSize, field);
        LittleEndian.PutU32(field, 0, (uint)_map.Count);
        _file.Write(VdiLayout.BlockCount, field[..4]);
        LittleEndian.PutU32(field, 0, (uint)_dataOffset);
        _file.Write(VdiLayout.DataOffset, field[..4]);
    }

    private void WriteStoredCount()
    {
        Span<byte> stored = stackalloc byte[sizeof(uint)];
        LittleEndian.PutU32(stored, 0, _map.Stored);
        _file.Write(VdiLayout.BlocksAllocated, stored);
    }

    private void MoveBlock(uint from, uint to)
    {
        var block = new byte[_blockSize];
        ReadStored(_file, PlaceOf(from), block);
        _file.EnsureLength(PlaceOf(to) + _blockSize);
        _file.Write(PlaceOf(to), block);
    }
}
