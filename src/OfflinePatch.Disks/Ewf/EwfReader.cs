using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Disks.Packages;

namespace OfflinePatch.Disks.Ewf;

/// <summary>Walks the sections of all segments and collects the tables of chunks.</summary>
internal sealed class EwfReader(string path)
{
    private readonly List<EwfTable> _tables = [];
    private long _length = -1;
    private int _chunkSize;
    private long _chunks;

    /// <summary>Reads one segment. Returns whether another one follows.</summary>
    /// <exception cref="CorruptImageException"><c>PKG-0003</c>.</exception>
    public bool ReadSegment(BlockDevice file, int number)
    {
        var header = new byte[EwfLayout.FileHeader.Size];
        if (file.Length < header.Length)
        {
            throw PackageError.Ewf(path, 0, "a segment file", $"{file.Length} bytes");
        }

        file.Read(0, header);
        if (!header.AsSpan().StartsWith(EwfLayout.Signature) || LittleEndian.U16(header, EwfLayout.FileHeader.SegmentNumber) != number)
        {
            throw PackageError.Ewf(path, 0, $"segment {number}",
                $"segment {LittleEndian.U16(header, EwfLayout.FileHeader.SegmentNumber)}, or another file");
        }

        var sectorsEnd = 0L;
        var offset = (long)header.Length;
        for (var count = 0; ; count++)
        {
            var section = ReadChecked(file, offset, EwfLayout.Section.Size, EwfLayout.Section.Checksum);
            var type = Encoding.ASCII.GetString(section, EwfLayout.Section.Type, 16).Split('\0')[0];
            var next = LittleEndian.U64(section, EwfLayout.Section.Next);
            switch (type)
            {
                case "next":
                    return true;
                case "done":
                    return false;
                case "volume" or "disk":
                    ReadVolume(file, offset, LittleEndian.U64(section, EwfLayout.Section.Length));
                    break;
                case "sectors":
                    sectorsEnd = next <= (ulong)file.Length ? (long)next : file.Length;
                    break;
                case "table":
                    // SMART's variant has the chunks after the table, in the same section.
                    ReadTable(file, offset, sectorsEnd == 0 ? (long)Math.Min(next, (ulong)file.Length) : sectorsEnd);
                    break;
            }

            if (next <= (ulong)offset || next > (ulong)file.Length || count > EwfLayout.MaxSections)
            {
                throw PackageError.Ewf(path, offset, "a next section after this one", $"0x{next:X}");
            }

            offset = (long)next;
        }
    }

    /// <summary>The disk, once the last segment was read.</summary>
    /// <exception cref="CorruptImageException"><c>PKG-0003</c>: chunks are missing.</exception>
    public EwfImage Finish()
    {
        if (_length < 0)
        {
            throw PackageError.Ewf(path, -1, "a volume section", "none");
        }

        var needed = (_length + _chunkSize - 1) / _chunkSize;
        return _chunks >= needed
            ? new EwfImage(path, _tables, _length, _chunkSize)
            : throw PackageError.Ewf(path, -1, $"{needed} chunks", $"{_chunks}");
    }

    private void ReadVolume(BlockDevice file, long offset, ulong length)
    {
        if (_length >= 0)
        {
            return; // every later one repeats it
        }

        var bytes = Read(file, offset + EwfLayout.Section.Size, EwfLayout.Volume.Size);
        var perChunk = LittleEndian.U32(bytes, EwfLayout.Volume.SectorsPerChunk);
        var perSector = LittleEndian.U32(bytes, EwfLayout.Volume.BytesPerSector);
        var sectors = length == EwfLayout.Section.Size + EwfLayout.Volume.SmartSize
            ? LittleEndian.U32(bytes, EwfLayout.Volume.SectorCount)
            : LittleEndian.U64(bytes, EwfLayout.Volume.SectorCount);
        if (perSector is not (512 or 4096) || perChunk == 0 || perChunk > EwfLayout.MaxChunkBytes / perSector
            || sectors > (1UL << 46) / perSector)
        {
            throw PackageError.Ewf(path, offset, "chunks of sectors of 512 or 4096 bytes",
                $"{sectors} sectors of {perSector} bytes, {perChunk} in a chunk");
        }

        _chunkSize = (int)(perChunk * perSector);
        _length = (long)(sectors * perSector);
    }

    private void ReadTable(BlockDevice file, long offset, long dataEnd)
    {
        var at = offset + EwfLayout.Section.Size;
        var header = ReadChecked(file, at, EwfLayout.Table.Entries, EwfLayout.Table.Checksum);
        var count = LittleEndian.U32(header, EwfLayout.Table.EntryCount);
        var start = LittleEndian.U64(header, EwfLayout.Table.BaseOffset);
        if (count > EwfLayout.MaxTableEntries || start > (ulong)file.Length)
        {
            throw PackageError.Ewf(path, at, $"a table of at most {EwfLayout.MaxTableEntries} chunks", $"{count} from 0x{start:X}");
        }

        var bytes = Read(file, at + EwfLayout.Table.Entries, (int)count * sizeof(uint));
        var entries = new uint[count];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = LittleEndian.U32(bytes, i * sizeof(uint));
        }

        _tables.Add(new EwfTable(file, _chunks, (long)start, entries, dataEnd));
        _chunks += entries.Length;
    }

    private byte[] Read(BlockDevice file, long offset, int count)
    {
        if (offset > file.Length - count)
        {
            throw PackageError.Ewf(path, offset, $"{count} bytes", "the end of the segment");
        }

        var bytes = new byte[count];
        file.Read(offset, bytes);
        return bytes;
    }

    private byte[] ReadChecked(BlockDevice file, long offset, int count, int checksum)
    {
        var bytes = Read(file, offset, count);
        var computed = Adler32.Of(bytes.AsSpan(0, checksum));
        return computed == LittleEndian.U32(bytes, checksum) ? bytes
            : throw PackageError.Ewf(path, offset, $"the checksum 0x{computed:X8}", $"0x{LittleEndian.U32(bytes, checksum):X8}");
    }
}

/// <summary>The chunks of one table section.</summary>
/// <param name="File">The segment.</param>
/// <param name="First">Number of the first chunk.</param>
/// <param name="BaseOffset">What the entries are relative to.</param>
/// <param name="Entries">The entries, as stored.</param>
/// <param name="DataEnd">Where the last chunk ends.</param>
internal sealed record EwfTable(BlockDevice File, long First, long BaseOffset, uint[] Entries, long DataEnd);
