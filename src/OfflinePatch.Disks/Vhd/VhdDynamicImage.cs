using System.Buffers.Binary;
using System.Globalization;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Vhd;

/// <summary>
/// A dynamic or differencing VHD: the BAT names a block for each 2 MiB of the disk. A block starts with a bitmap, one bit a sector (the
/// highest bit of a byte first): a sector whose bit is clear is zero in a dynamic disk, and the parent's in a differencing one.
/// </summary>
internal sealed partial class VhdDynamicImage : MappedImage
{
    private readonly ResizableDevice _file;
    private VhdFooter _footer;
    private VhdHeader _header;
    private uint[] _bat;
    private long _length;
    private readonly TableCache _bitmaps;
    private readonly int _blockSize;
    private long _end = -1; // where the next block goes, and the footer lies; -1: not prepared for writing

    /// <exception cref="CorruptImageException"><c>VHD-0003</c>: the table does not cover the disk.</exception>
    public VhdDynamicImage(ResizableDevice file, VhdFooter footer, VhdHeader header, DiskImage? parent)
    {
        _file = file;
        _footer = footer;
        _header = header;
        _blockSize = header.BlockSize;
        Parent = parent;
        _length = footer.Size;
        if (Length > (long)header.TableEntries * _blockSize)
        {
            throw VhdError.Size(Length, (long)header.TableEntries * _blockSize);
        }

        _bitmaps = new TableCache(file, header.BitmapSize);
        _bat = ReadTable((int)((Length + _blockSize - 1) / _blockSize));
        CheckMap();
    }

    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Vhd;

    /// <inheritdoc/>
    public override string Subformat => _footer.DiskType == VhdLayout.TypeDifferencing ? "differencing" : "dynamic";

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Properties
    {
        get
        {
            var properties = PropertiesOf(_footer);
            properties["blockSize"] = _blockSize.ToString(CultureInfo.InvariantCulture);
            if (_footer.DiskType == VhdLayout.TypeDifferencing)
            {
                properties["parentUniqueId"] = _header.ParentId.ToString();
                properties["parentName"] = _header.ParentNames(_file).FirstOrDefault(n => n.Length > 0, "");
            }

            return properties;
        }
    }

    /// <summary>The id that a child knows this image by.</summary>
    public Guid UniqueId => _footer.UniqueId;

    /// <inheritdoc/>
    protected override ResizableDevice StoredFile => _file;

    /// <summary>The facts of a footer, for <c>inspect</c>.</summary>
    public static Dictionary<string, string> PropertiesOf(VhdFooter footer) => new(StringComparer.Ordinal)
    {
        ["creatorApplication"] = footer.Creator.TrimEnd('\0', ' '),
        ["uniqueId"] = footer.UniqueId.ToString(),
    };

    /// <inheritdoc/>
    protected override int UnitSize => _blockSize;

    /// <inheritdoc/>
    protected override DiskRun MapInUnit(long offset, long limit)
    {
        var block = offset / _blockSize;
        var within = (int)(offset % _blockSize);
        var length = (int)Math.Min(limit, Math.Min(_blockSize - within, Length - offset));
        var unstored = Parent is null ? RunKind.Zero : RunKind.Parent;
        if (_bat[block] == VhdLayout.Unallocated)
        {
            return new DiskRun(unstored, length);
        }

        var place = BlockOffset(block);
        var bitmap = _bitmaps.Get(place);
        var first = within / VhdLayout.SectorSize;
        var isStored = IsSet(bitmap, first);
        var end = first + 1;
        var last = (within + length + VhdLayout.SectorSize - 1) / VhdLayout.SectorSize;
        var same = isStored ? (byte)0xFF : (byte)0;
        while (end < last && IsSet(bitmap, end) == isStored)
        {
            end++;
            while (end % 8 == 0 && end < last && bitmap[end / 8] == same)
            {
                end += 8;
            }
        }

        length = Math.Min(length, (int)(((long)end * VhdLayout.SectorSize) - within));
        return isStored ? new DiskRun(RunKind.Stored, length, place + _header.BitmapSize + within) : new DiskRun(unstored, length);
    }

    /// <summary>The entries that the disk needs; a table may have more.</summary>
    private uint[] ReadTable(int entries)
    {
        var table = new uint[entries];
        var buffer = new byte[(int)Math.Min(64 * 1024, entries * 4L)];
        for (var done = 0; done < table.Length;)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, (table.Length - done) * 4L));
            _file.Read(_header.TableOffset + (done * 4L), part);
            for (var i = 0; i < part.Length; i += 4)
            {
                table[done++] = BigEndian.U32(part, i);
            }
        }

        return table;
    }

    private static bool IsSet(byte[] bitmap, int sector) => (bitmap[sector / 8] >> (7 - (sector % 8)) & 1) != 0;

    private long BlockOffset(long block)
    {
        var place = (long)_bat[block] * VhdLayout.SectorSize;
        return place + _header.BitmapSize + _blockSize <= _file.Length ? place : throw VhdError.BatEntry(block, _bat[block], _file.Length);
    }

    /// <inheritdoc/>
    protected override void WriteInUnit(long offset, ReadOnlySpan<byte> content)
    {
        if (_end < 0)
        {
            Prepare();
        }

        var block = offset / _blockSize;
        if (_bat[block] == VhdLayout.Unallocated)
        {
            AllocateBlock(block);
        }

        var place = BlockOffset(block);
        var within = (int)(offset % _blockSize);
        var data = place + _header.BitmapSize;

        // A sector that is written in part becomes stored as a whole: its other bytes are what is read there now.
        CompleteSector(offset - (offset % VhdLayout.SectorSize), data, place);
        CompleteSector((offset + content.Length - 1) / VhdLayout.SectorSize * VhdLayout.SectorSize, data, place);
        _file.Write(data + within, content);
        SetBits(place, within / VhdLayout.SectorSize, (within + content.Length - 1) / VhdLayout.SectorSize);
    }

    private void CompleteSector(long offset, long data, long place)
    {
        var within = (int)(offset % _blockSize);
        if (!IsSet(_bitmaps.Get(place), within / VhdLayout.SectorSize))
        {
            Span<byte> sector = stackalloc byte[VhdLayout.SectorSize];
            sector.Clear();
            Read(offset, sector[..(int)Math.Min(sector.Length, Length - offset)]);
            _file.Write(data + within, sector);
        }
    }

    private void SetBits(long place, int first, int last)
    {
        var bitmap = _bitmaps.Get(place);
        var from = first / 8;
        var bytes = bitmap.AsSpan(from, (last / 8) - from + 1).ToArray();
        for (var sector = first; sector <= last; sector++)
        {
            bytes[(sector / 8) - from] |= (byte)(0x80 >> (sector % 8));
        }

        if (!bitmap.AsSpan(from, bytes.Length).SequenceEqual(bytes))
        {
            _bitmaps.Change(place, from, bytes);
        }
    }

    /// <summary>Puts a block where the footer is, and the footer after it.</summary>
    private void AllocateBlock(long block)
    {
        var sector = _end / VhdLayout.SectorSize;
        if (sector >= VhdLayout.Unallocated)
        {
            throw VhdError.Full();
        }

        var place = _end;
        _end += _header.BitmapSize + _blockSize;
        _file.EnsureLength(_end + VhdLayout.FooterLength);
        _file.Write(_end, _footer.Bytes);
        var bitmap = new byte[_header.BitmapSize];
        if (Parent is null)
        {
            bitmap.AsSpan(0, Math.Max(1, _blockSize / VhdLayout.SectorSize / 8)).Fill(0xFF); // all of it is stored, as zeros
        }

        _bitmaps.Store(place, bitmap);
        _bat[block] = (uint)sector;
        Span<byte> entry = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(entry, (uint)sector);
        _file.Write(_header.TableOffset + (block * 4), entry);
    }

    /// <summary>
    /// Refuses a map that puts two blocks in one place, or a block onto the header, the BAT or a footer. Reading such an image would give
    /// one part of the disk the content of another.
    /// </summary>
    private void CheckMap()
    {
        var used = new uint[_bat.AsSpan().Length - _bat.AsSpan().Count(VhdLayout.Unallocated)];
        var count = 0;
        foreach (var entry in _bat)
        {
            if (entry != VhdLayout.Unallocated)
            {
                used[count++] = entry;
            }
        }

        Array.Sort(used);
        long end = VhdLayout.FooterLength; // the copy of the footer
        var footerAt = FooterPlace();
        foreach (var entry in used)
        {
            var place = (long)entry * VhdLayout.SectorSize;
            var blockEnd = place + _header.BitmapSize + _blockSize;
            if (blockEnd > _file.Length)
            {
                throw VhdError.BatEntry(Array.IndexOf(_bat, entry), entry, _file.Length);
            }

            if (place < end || Overlaps(place, _header.TableOffset, _header.TableEntries * 4L)
                || Overlaps(place, _header.Offset, VhdLayout.HeaderLength)
                || blockEnd > footerAt)
            {
                throw VhdError.Overlap(Array.LastIndexOf(_bat, entry), entry);
            }

            end = blockEnd;
        }
    }

    private long FooterPlace() =>
        _footer.EndOffset < 0 ? (_file.Length + VhdLayout.SectorSize - 1) / VhdLayout.SectorSize * VhdLayout.SectorSize : _footer.EndOffset;

    /// <summary>Before the first change: both copies of the footer are there and equal.</summary>
    private void Prepare()
    {
        _end = FooterPlace();
        _file.EnsureLength(_end + VhdLayout.FooterLength);
        WriteIfDifferent(_end);
        WriteIfDifferent(0);
    }

    private bool Overlaps(long place, long offset, long length) => place < offset + length
        && offset < place + _header.BitmapSize + _blockSize;

    private void WriteIfDifferent(long offset)
    {
        Span<byte> now = stackalloc byte[VhdLayout.FooterLength];
        _file.Read(offset, now);
        if (!now.SequenceEqual(_footer.Bytes))
        {
            _file.Write(offset, _footer.Bytes);
        }
    }
}
