using System.Buffers;
using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Compression;

/// <summary>Fills a buffer from an offset of some raw stream; the range is inside the stream.</summary>
internal delegate void RawRead(long offset, Span<byte> buffer);

/// <summary>
/// Plain content of a CompactOS file: the stream <c>WofCompressedData</c> holds a table of (chunks - 1) offsets, u32 (u64 for content of 4
/// GiB and more), counted from the end of the table, then the chunks; a chunk as long as its content is stored plain. Source: wimlib's
/// documentation of WofCompressedData. It keeps one decoded chunk and one page of the table. Not thread-safe.
/// </summary>
internal sealed class WofReader : IContentReader
{
    private const int TablePageEntries = 1024;

    private readonly RawRead _raw;
    private readonly long _rawLength;
    private readonly WofAlgorithm _algorithm;
    private readonly int _entrySize;
    private readonly long _tableLength;
    private readonly long _chunks;
    private readonly byte[] _chunk;
    private readonly XpressHuffman? _xpress;
    private readonly Lzx? _lzx;
    private readonly byte[] _tablePage;
    private long _chunkIndex = -1;
    private long _tablePageIndex = -1;

    /// <param name="raw">Reads the stream <c>WofCompressedData</c>.</param>
    /// <param name="rawLength">Its length in bytes.</param>
    /// <param name="length">Length of the plain content in bytes: that of the unnamed $DATA.</param>
    /// <param name="algorithm">From the reparse point.</param>
    /// <exception cref="CorruptImageException"><c>NTFS-5130</c>: the stream is shorter than its table.</exception>
    public WofReader(RawRead raw, long rawLength, long length, WofAlgorithm algorithm)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _raw = raw;
        _rawLength = rawLength;
        _algorithm = algorithm;
        Length = length;
        ChunkSize = algorithm switch
        {
            WofAlgorithm.Xpress4K => 4096,
            WofAlgorithm.Xpress8K => 8192,
            WofAlgorithm.Xpress16K => 16384,
            WofAlgorithm.Lzx => Lzx.ChunkSize,
            _ => throw CompressionError.WofAlgorithmUnknown((uint)algorithm),
        };
        _entrySize = length >= 1L << 32 ? 8 : 4;
        _chunks = (length / ChunkSize) + (length % ChunkSize == 0 ? 0 : 1);
        _tableLength = _chunks == 0 ? 0 : (_chunks - 1) * _entrySize;
        if (_tableLength > rawLength || (_chunks > 0 && rawLength - _tableLength < 1))
        {
            throw CompressionError.WofTooShort(rawLength, _tableLength);
        }

        _chunk = new byte[ChunkSize];
        _tablePage = new byte[_entrySize * TablePageEntries];
        _lzx = algorithm == WofAlgorithm.Lzx ? new Lzx() : null;
        _xpress = algorithm == WofAlgorithm.Lzx ? null : new XpressHuffman();
    }

    /// <summary>Plain bytes of every chunk but the last.</summary>
    public int ChunkSize { get; }

    /// <inheritdoc/>
    public long Length { get; }

    /// <inheritdoc/>
    public int Read(long offset, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var done = 0;
        while (done < buffer.Length && offset < Length)
        {
            var index = offset / ChunkSize;
            var plain = Load(index);
            var within = (int)(offset % ChunkSize);
            var count = Math.Min(buffer.Length - done, plain.Length - within);
            plain.Slice(within, count).CopyTo(buffer[done..]);
            done += count;
            offset += count;
        }

        return done;
    }

    private ReadOnlySpan<byte> Load(long index)
    {
        var plain = _chunk.AsSpan(0, (int)Math.Min(ChunkSize, Length - (index * ChunkSize)));
        if (index == _chunkIndex)
        {
            return plain;
        }

        _chunkIndex = -1;
        var available = _rawLength - _tableLength;
        var start = index == 0 ? 0 : TableEntry(index - 1);
        var end = index == _chunks - 1 ? available : TableEntry(index);
        if (start < 0 || end < start || end > available)
        {
            throw CompressionError.WofChunk(index, index * _entrySize, start, end, available);
        }

        var size = end - start;
        if (size > plain.Length && index == _chunks - 1)
        {
            size = plain.Length; // bytes after the last chunk do not matter
        }

        if (size == 0 || size > plain.Length)
        {
            throw CompressionError.WofChunkSize(index, size, plain.Length);
        }

        if (size == plain.Length)
        {
            _raw(_tableLength + start, plain);
        }
        else
        {
            Decode(_tableLength + start, (int)size, plain);
        }

        _chunkIndex = index;
        return plain;
    }

    private void Decode(long offset, int size, Span<byte> plain)
    {
        var rented = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            var compressed = rented.AsSpan(0, size);
            _raw(offset, compressed);
            if (_algorithm == WofAlgorithm.Lzx)
            {
                _lzx!.Decompress(compressed, plain);
            }
            else
            {
                _xpress!.Decompress(compressed, plain);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private long TableEntry(long index)
    {
        var page = index / TablePageEntries;
        if (page != _tablePageIndex)
        {
            var from = page * _tablePage.Length;
            _raw(from, _tablePage.AsSpan(0, (int)Math.Min(_tablePage.Length, _tableLength - from)));
            _tablePageIndex = page;
        }

        var entry = _tablePage.AsSpan((int)(index % TablePageEntries) * _entrySize);
        return _entrySize == 4 ? BinaryPrimitives.ReadUInt32LittleEndian(entry) : BinaryPrimitives.ReadInt64LittleEndian(entry);
    }
}
