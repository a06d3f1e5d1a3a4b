namespace OfflinePatch.Disks.Vhdx;

/// <summary>Writing in place. Tables are changed without the log: the transaction below makes all changes one.</summary>
internal sealed partial class VhdxImage
{
    private bool _isPrepared;

    /// <inheritdoc/>
    protected override void WriteInUnit(long offset, ReadOnlySpan<byte> content)
    {
        if (!_isPrepared)
        {
            Prepare();
        }

        var block = offset / _blockSize;
        var index = PayloadIndex(block);
        var entry = BatEntry(index);
        switch ((int)(entry & VhdxLayout.BatStateMask))
        {
            case VhdxLayout.StateFullyPresent:
                _file.Write(PayloadOffset(block, index, entry) + (offset % _blockSize), content);
                break;
            case VhdxLayout.StatePartiallyPresent:
                WritePartial(block, offset, content, PayloadOffset(block, index, entry));
                break;
            default:
                WriteNewBlock(block, index, entry, offset, content);
                break;
        }
    }

    /// <summary>Puts a new block at the end of the file: the content, around it zeros or what the parent has.</summary>
    private void WriteNewBlock(long block, long index, ulong entry, long offset, ReadOnlySpan<byte> content)
    {
        var host = EndOfFile();
        _file.EnsureLength(host + _blockSize);
        var start = block * _blockSize;
        if (Parent is not null && (entry & VhdxLayout.BatStateMask) == VhdxLayout.StateNotPresent)
        {
            var end = Math.Min(start + _blockSize, Length);
            CopyFromParent(start, offset, host - start);
            CopyFromParent(offset + content.Length, end, host - start);
        }

        _file.Write(host + (offset - start), content);
        SetBatEntry(index, (ulong)host | VhdxLayout.StateFullyPresent);
    }

    private void CopyFromParent(long from, long to, long hostDifference)
    {
        if (from >= to)
        {
            return;
        }

        var buffer = new byte[(int)Math.Min(to - from, VhdxLayout.Megabyte)];
        for (; from < to; from += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, to - from));
            ReadParent(from, part);
            if (part.ContainsAnyExcept((byte)0))
            {
                _file.Write(from + hostDifference, part);
            }
        }
    }

    /// <summary>
    /// Writes into a block of which some sectors are the parent's. Sectors that are written become this image's as a whole.
    /// </summary>
    private void WritePartial(long block, long offset, ReadOnlySpan<byte> content, long host)
    {
        var sectorSize = _metadata.SectorSize;
        var first = offset / sectorSize;
        var last = (offset + content.Length - 1) / sectorSize;
        var start = block * _blockSize;
        Span<byte> sector = stackalloc byte[4096];
        sector = sector[..sectorSize];
        foreach (var edge in (ReadOnlySpan<long>)[first, last])
        {
            if (!IsSectorStored(block, edge))
            {
                ReadParent(edge * sectorSize, sector);
                _file.Write(host + (edge * sectorSize) - start, sector);
            }
        }

        _file.Write(host + (offset - start), content);
        Span<byte> changed = stackalloc byte[1];
        for (var i = first; i <= last; i++)
        {
            var (page, within, mask) = SectorBit(block, i);
            var old = _pages.Get(page)[within];
            if ((old & mask) == 0)
            {
                changed[0] = (byte)(old | mask);
                _pages.Change(page, within, changed);
            }
        }
    }

    /// <summary>Before the first change: the log is replayed into the file, and the headers begin a new session.</summary>
    private void Prepare()
    {
        _file.Apply();
        _header.BeginSession(_file);
        _isPrepared = true;
    }
}
