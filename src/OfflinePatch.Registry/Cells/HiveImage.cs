using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Cells;

/// <summary>
/// The bytes of a hive: one array, copied before the first change unless the caller gave it away. All access to cells goes through here and
/// is bounded: by the array, by the bins' size in the base block, and by the cell's own size.
/// </summary>
/// <remarks>
/// A hive that was given as a stream is read in pieces when they are asked for: a few keys of SOFTWARE need a few of its 80 MB, and the
/// host gives memory only to pages that were touched. Until all is read, only one thread may use it; <see cref="Bins"/> reads all.
/// </remarks>
internal sealed class HiveImage
{
    private const int PageShift = 12;
    private const int PieceShift = 15; // 32 KiB: cells that belong together are near each other, and each read of a volume costs a search

    private byte[] _buffer;
    private bool _isWritable;
    private ulong[] _changedPages = [];
    private Stream? _unread; // null: everything is read
    private ulong[] _readPieces = [];

    /// <param name="file">The file. Array-backed memory is used in place.</param>
    /// <param name="adopt">Whether changes may go into the caller's array.</param>
    public HiveImage(ReadOnlyMemory<byte> file, bool adopt)
    {
        if (MemoryMarshal.TryGetArray(file, out var segment) && segment.Offset == 0 && segment.Array is not null)
        {
            _buffer = segment.Array;
            _isWritable = adopt;
        }
        else
        {
            _buffer = file.ToArray();
            _isWritable = true;
        }

        Length = file.Length;
        BinsSize = 0;
    }

    /// <param name="file">The file, read when it is needed. Seekable; it stays open as long as the image is used.</param>
    /// <param name="length">Bytes.</param>
    public HiveImage(Stream file, int length)
    {
        // Room to grow: without it, the first bin that an edit appends would copy the hive. The host gives no memory for what is not used.
        _buffer = GC.AllocateUninitializedArray<byte>(WithRoom(length));
        _isWritable = true;
        _unread = file;
        _readPieces = new ulong[(length >> (PieceShift + 6)) + 1];
        Length = length;
    }

    /// <summary>Bytes of the file.</summary>
    public int Length { get; private set; }

    /// <summary>Bytes of hive bins: cells lie below this. Set when the base block was found sound; never past the file's end.</summary>
    public int BinsSize { get; set; }

    /// <summary>The most that the bins may grow to; tests set a lower limit than the format's.</summary>
    public long MaxBinsSize { get; set; } = BaseBlock.MaxBinsSize;

    public ReadOnlySpan<byte> File => Memory.Span;

    public ReadOnlyMemory<byte> Memory
    {
        get
        {
            ReadAll();
            return _buffer.AsMemory(0, Length);
        }
    }

    /// <summary>The base block, or as much of it as the file has.</summary>
    public ReadOnlySpan<byte> Header
    {
        get
        {
            var length = Math.Min(Length, BaseBlock.Size);
            Require(0, length);
            return _buffer.AsSpan(0, length);
        }
    }

    /// <summary>The hive bins.</summary>
    public ReadOnlySpan<byte> Bins
    {
        get
        {
            ReadAll();
            return _buffer.AsSpan(BaseBlock.Size, BinsSize);
        }
    }

    /// <summary>The size field of a cell: negative when allocated.</summary>
    public int RawSize(CellOffset cell)
    {
        Require(BaseBlock.Size + (int)cell.Value, sizeof(int));
        return BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(BaseBlock.Size + (int)cell.Value));
    }

    /// <summary>The payload of an allocated cell.</summary>
    /// <exception cref="CorruptImageException"><c>REG-0301</c>.</exception>
    public ReadOnlySpan<byte> Cell(CellOffset cell, string structure) =>
        TryGetCell(cell, out var payload) ? payload : throw RegistryError.BadCell(structure, cell, Describe(cell));

    /// <summary>The payload of an allocated cell, or false.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGetCell(CellOffset cell, out ReadOnlySpan<byte> payload)
    {
        var offset = cell.Value;
        if ((offset & 7) == 0 && offset < (uint)BinsSize)
        {
            var start = BaseBlock.Size + (int)offset;
            Require(start, sizeof(int));
            var size = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(start));
            if (size <= -8 && size >= -(BinsSize - (int)offset))
            {
                Require(start, -size);
                payload = _buffer.AsSpan(start + 4, -size - 4);
                return true;
            }
        }

        payload = default;
        return false;
    }

    /// <summary>The payload of an allocated cell, to write to.</summary>
    public Span<byte> WritableCell(CellOffset cell)
    {
        var length = Cell(cell, "cell").Length;
        return Writable((int)cell.FileOffset + 4, length);
    }

    /// <summary>Bytes of the file, to write to.</summary>
    public Span<byte> Writable(int offset, int length)
    {
        ReadAll();
        if (!_isWritable)
        {
            _buffer = File.ToArray();
            _isWritable = true;
        }

        MarkChanged(offset, length);
        return _buffer.AsSpan(0, Length).Slice(offset, length);
    }

    /// <summary>Runs of 4 KiB pages that may differ from what was opened, in ascending order.</summary>
    public List<Range> ChangedRanges()
    {
        var ranges = new List<Range>();
        for (var page = 0; page << PageShift < Length; page++)
        {
            if (!IsChanged(page))
            {
                continue;
            }

            var first = page;
            while ((page + 1) << PageShift < Length && IsChanged(page + 1))
            {
                page++;
            }

            ranges.Add((first << PageShift)..Math.Min(Length, (page + 1) << PageShift));
        }

        return ranges;
    }

    /// <summary>Whether bytes of the bins may differ from what was opened.</summary>
    public bool IsChanged(Range bins)
    {
        var last = (BaseBlock.Size + bins.End.Value - 1) >> PageShift;
        for (var page = (BaseBlock.Size + bins.Start.Value) >> PageShift; page <= last; page++)
        {
            if (IsChanged(page))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Touches the size fields of cells, one load after the other without waiting: a walk that then reads them finds them in the cache.
    /// </summary>
    public int Warm(ReadOnlySpan<byte> offsets, int stride)
    {
        var sum = 0;
        var bins = Bins;
        for (var i = 0; i + 4 <= offsets.Length; i += stride)
        {
            var offset = BinaryPrimitives.ReadUInt32LittleEndian(offsets[i..]);
            if (offset < (uint)bins.Length)
            {
                sum ^= bins[(int)offset];
            }
        }

        return sum;
    }

    /// <summary>Makes the file longer; new bytes are zeros.</summary>
    public void Grow(int length)
    {
        if (length <= Length)
        {
            return;
        }

        ReadAll();
        if (!_isWritable || length > _buffer.Length)
        {
            var grown = HostMemory.Allocate(length <= _buffer.Length ? length : WithRoom(length));
            File.CopyTo(grown);
            _buffer = grown;
            _isWritable = true;
        }

        _buffer.AsSpan(Length, length - Length).Clear();
        var old = Length;
        Length = length;
        MarkChanged(old, length - old);
    }

    /// <summary>Reads what was not read yet.</summary>
    public void ReadAll()
    {
        if (_unread is not null)
        {
            HostMemory.PreferLargePages(_buffer);
            ReadPieces(0, Length);
            _unread = null;
            _readPieces = [];
        }
    }

    private static int WithRoom(int length) => (int)Math.Min(Array.MaxLength, length + Math.Max(256L * 1024, length / 16));

    /// <summary>Makes sure that a part of the file is in the array. The caller has to check for what lies outside the file.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Require(int offset, int length)
    {
        if (_unread is not null)
        {
            ReadPieces(offset, Math.Min(length, Length - offset));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ReadPieces(int offset, int length)
    {
        var end = (int)((offset + (long)length + (1 << PieceShift) - 1) >> PieceShift);
        for (var piece = offset >> PieceShift; piece < end; piece++)
        {
            if (IsRead(piece))
            {
                continue;
            }

            var first = piece;
            while (piece + 1 < end && !IsRead(piece + 1))
            {
                piece++;
            }

            var start = first << PieceShift;
            _unread!.Position = start;
            _unread.ReadExactly(_buffer.AsSpan(start, (int)Math.Min(Length, (piece + 1L) << PieceShift) - start));
            for (var i = first; i <= piece; i++)
            {
                _readPieces[i >> 6] |= 1UL << (i & 63);
            }
        }
    }

    private bool IsRead(int piece) => (_readPieces[piece >> 6] & (1UL << (piece & 63))) != 0;

    private void MarkChanged(int offset, int length)
    {
        if (length == 0)
        {
            return;
        }

        var last = (offset + length - 1) >> PageShift;
        if (last >> 6 >= _changedPages.Length)
        {
            Array.Resize(ref _changedPages, Math.Max((last >> 6) + 1, (Length >> (PageShift + 6)) + 1));
        }

        for (var page = offset >> PageShift; page <= last; page++)
        {
            _changedPages[page >> 6] |= 1UL << (page & 63);
        }
    }

    private bool IsChanged(int page) => page >> 6 < _changedPages.Length && (_changedPages[page >> 6] & (1UL << (page & 63))) != 0;

    /// <summary>What stands at a place that is no allocated cell.</summary>
    private string Describe(CellOffset cell)
    {
        if ((cell.Value & 7) != 0)
        {
            return "an offset that is no multiple of 8";
        }

        if (cell.Value >= (uint)BinsSize)
        {
            return $"offset {cell} past the last bin";
        }

        var size = RawSize(cell);
        return size >= 0 ? "a free cell" : $"a cell of {-(long)size} bytes";
    }
}
