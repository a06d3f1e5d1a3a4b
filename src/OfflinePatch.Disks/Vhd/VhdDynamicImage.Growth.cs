using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vhd;

/// <summary>A dynamic disk grows by entries of its BAT. Where there is no room for them, the BAT moves to the end of the file.</summary>
internal sealed partial class VhdDynamicImage
{
    /// <inheritdoc/>
    public override string? WhyNotGrow => Parent is null ? null : "A differencing VHD has the size of its parent.";

    /// <inheritdoc/>
    protected override long GrowTo(long length)
    {
        if (length > VhdLayout.MaxSize)
        {
            throw VhdError.GrowthSize(length);
        }

        if (_end < 0)
        {
            Prepare();
        }

        var old = _bat.Length;
        var entries = (int)((length + _blockSize - 1) / _blockSize);
        Array.Resize(ref _bat, entries);
        _bat.AsSpan(old).Fill(VhdLayout.Unallocated);
        if (entries > Math.Max(_header.TableEntries, RoomForEntries()))
        {
            MoveTable(entries);
        }
        else
        {
            WriteEntries(_header.TableOffset, old);
            if (entries > _header.TableEntries)
            {
                _header = _header.WithTable(_header.TableOffset, entries);
            }
        }

        _header.Write(_file);
        _footer = _footer.WithSize(length, _end);
        _length = length;
        _file.Write(0, _footer.Bytes);
        _file.Write(_end, _footer.Bytes);
        return length;
    }

    /// <summary>Entries that the table could have where it is: up to the next thing in the file.</summary>
    private long RoomForEntries()
    {
        var next = _end;
        if (_header.Offset > _header.TableOffset)
        {
            next = Math.Min(next, _header.Offset);
        }

        foreach (var entry in _bat)
        {
            var place = (long)entry * VhdLayout.SectorSize;
            if (entry != VhdLayout.Unallocated && place > _header.TableOffset)
            {
                next = Math.Min(next, place);
            }
        }

        // Never into anything unknown: only into what pads the table to whole sectors.
        var padded =
            (_header.TableOffset + (_header.TableEntries * 4L) + VhdLayout.SectorSize - 1) / VhdLayout.SectorSize * VhdLayout.SectorSize;
        return (Math.Min(next, padded) - _header.TableOffset) / 4;
    }

    private void MoveTable(int entries)
    {
        var place = _end;
        var bytes = ((entries * 4L) + VhdLayout.SectorSize - 1) / VhdLayout.SectorSize * VhdLayout.SectorSize;
        _end += bytes;
        _file.EnsureLength(_end + VhdLayout.FooterLength);
        var filler = new byte[VhdLayout.SectorSize];
        filler.AsSpan().Fill(0xFF);
        _file.Write(place + bytes - filler.Length, filler);
        WriteEntries(place, 0);
        _header = _header.WithTable(place, entries);
    }

    private void WriteEntries(long table, int first)
    {
        var buffer = new byte[64 * 1024];
        while (first < _bat.Length)
        {
            var count = Math.Min(_bat.Length - first, buffer.Length / 4);
            for (var i = 0; i < count; i++)
            {
                BigEndian.PutU32(buffer, i * 4, _bat[first + i]);
            }

            _file.Write(table + (first * 4L), buffer.AsSpan(0, count * 4));
            first += count;
        }
    }
}
