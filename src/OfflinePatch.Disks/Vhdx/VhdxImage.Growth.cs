using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vhdx;

/// <summary>
/// The disk grows by entries of the BAT. Where its region has no room for them, the BAT moves to a larger region at the end of the file.
/// </summary>
internal sealed partial class VhdxImage
{
    /// <inheritdoc/>
    public override string? WhyNotGrow => Parent is null ? null : "A differencing VHDX has the size of its parent.";

    /// <inheritdoc/>
    protected override long GrowTo(long length)
    {
        if (length > VhdxLayout.MaxSize)
        {
            throw VhdxError.GrowthSize(length);
        }

        if (!_isPrepared)
        {
            Prepare();
        }

        var oldBlocks = _metadata.Blocks;
        var oldBlocksEnd = Math.Min(length, oldBlocks * _blockSize);
        var oldEntries = _metadata.BatEntries;
        _metadata.SetSize(_file, length);
        if (_metadata.BatEntries > _regions.BatLength / 8)
        {
            MoveBat(oldEntries);
        }
        else
        {
            for (var index = oldEntries; index < _metadata.BatEntries; index++)
            {
                SetBatEntry(index, 0);
            }
        }

        // The blocks of a fixed image are all there.
        for (var block = oldBlocks; _metadata.IsFixed && block < _metadata.Blocks; block++)
        {
            var host = EndOfFile();
            _file.EnsureLength(host + _blockSize);
            SetBatEntry(PayloadIndex(block), (ulong)host | VhdxLayout.StateFullyPresent);
        }

        return oldBlocksEnd; // all other entries were set
    }

    private void MoveBat(long entries)
    {
        var place = EndOfFile();
        var length = ((_metadata.BatEntries * 8) + VhdxLayout.Megabyte - 1) / VhdxLayout.Megabyte * VhdxLayout.Megabyte;
        _file.EnsureLength(place + length);
        var buffer = new byte[PageSize];
        for (long done = 0; done < entries * 8; done += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, (entries * 8) - done));
            _file.Read(_regions.BatOffset + done, part);
            _file.Write(place + done, part);
        }

        _regions = _regions.WithBat(_file, place, length);
    }

    private long EndOfFile() => (_file.Length + VhdxLayout.Megabyte - 1) / VhdxLayout.Megabyte * VhdxLayout.Megabyte;

    private void SetBatEntry(long index, ulong entry)
    {
        if (BatEntry(index) == entry)
        {
            return;
        }

        Span<byte> bytes = stackalloc byte[8];
        LittleEndian.PutU64(bytes, 0, entry);
        var at = _regions.BatOffset + (index * 8);
        _pages.Change(at / PageSize * PageSize, (int)(at % PageSize), bytes);
    }
}
