using System.Buffers.Binary;
using System.IO.Compression;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Writing;

namespace OfflinePatch.Disks.Zvhd;

/// <summary>
/// Writes a ZVHD2 in one pass: header, records, copy of the footer, index, bitmap, footer. Blocks are compressed on all cores.
/// </summary>
internal sealed class Zvhd2Writer : DiskWriter
{
    private readonly ResizableDevice _output;
    private readonly SequentialOutput _stream;
    private readonly byte[] _header;
    private readonly byte[] _bitmap;
    private readonly bool _isZlib;
    private readonly List<(long Offset, uint Block, uint Length)> _index = [];

    public Zvhd2Writer(ResizableDevice output, long virtualSize, string? compression, ImageIdentity? identity)
    {
        if (compression is not (null or "zstd" or "zlib"))
        {
            throw ZvhdError.UnknownCompression(compression);
        }

        _output = output;
        _isZlib = compression == "zlib";
        _stream = new SequentialOutput(output, 0);
        var size = ZvhdWriterHeader.SizeOf(virtualSize);
        var blocks = (size + ZvhdLayout.DefaultBlock - 1) / ZvhdLayout.DefaultBlock;
        var segments = (blocks + ZvhdLayout.BlocksPerSegment - 1) / ZvhdLayout.BlocksPerSegment;
        _bitmap = new byte[segments * ZvhdLayout.BitmapSegmentBytes];
        _header = ZvhdWriterHeader.Create(ZvhdLayout.Cookie2, size, identity);
        _header[ZvhdLayout.Version2] = 1;
        _header[ZvhdLayout.Compression] = (byte)(_isZlib ? 0 : 1);
        ZvhdWriterHeader.Put(_header, ZvhdLayout.BlockSize, ZvhdLayout.DefaultBlock);
        ZvhdWriterHeader.Put(_header, ZvhdLayout.BlockCount, (uint)blocks);
        ZvhdWriterHeader.Put(_header, ZvhdLayout.IndexSegmentSize, ZvhdLayout.IndexSegmentBytes);
        ZvhdWriterHeader.Put(_header, ZvhdLayout.BitmapSegmentSize, ZvhdLayout.BitmapSegmentBytes);
        ZvhdWriterHeader.Sign(_header);
        _stream.Write(_header);
    }

    /// <inheritdoc/>
    public override int UnitSize => ZvhdLayout.DefaultBlock;

    /// <inheritdoc/>
    public override bool Encodes => true;

    /// <summary>The whole record of a block.</summary>
    public override ReadOnlyMemory<byte> Encode(long guestOffset, ReadOnlyMemory<byte> unit)
    {
        if (unit.Length < ZvhdLayout.DefaultBlock)
        {
            var whole = new byte[ZvhdLayout.DefaultBlock];
            unit.CopyTo(whole);
            unit = whole;
        }

        byte[] record;
        int payload;
        if (_isZlib)
        {
            using var packed = new MemoryStream(unit.Length / 2);
            packed.SetLength(ZvhdLayout.RecordPayload);
            packed.Position = ZvhdLayout.RecordPayload;
            var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true);
            zlib.Write(unit.Span);
            // The format's streams are flushed, not ended.
            zlib.Flush();
            payload = (int)packed.Length - ZvhdLayout.RecordPayload;
            packed.SetLength(ZvhdLayout.RecordBytes(payload));
            record = packed.ToArray();
            zlib.Dispose();
        }
        else
        {
            var packed = ZstdBlock.Pack(unit.Span, int.MaxValue)!;
            payload = packed.Length;
            record = new byte[ZvhdLayout.RecordBytes(payload)];
            packed.CopyTo(record, ZvhdLayout.RecordPayload);
        }

        ZvhdWriterHeader.Frame(record, guestOffset / ZvhdLayout.DefaultBlock, payload);
        return record;
    }

    /// <inheritdoc/>
    public override void Append(long guestOffset, ReadOnlyMemory<byte> encoded)
    {
        var block = (uint)(guestOffset / ZvhdLayout.DefaultBlock);
        _index.Add((_stream.Position, block, (uint)encoded.Length));
        _bitmap[block / 8] |= (byte)(1 << (int)(block % 8));
        _stream.Write(encoded.Span);
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        var segments = (_index.Count + ZvhdLayout.BlocksPerSegment - 1) / ZvhdLayout.BlocksPerSegment;
        var bitmapSegments = _bitmap.Length / ZvhdLayout.BitmapSegmentBytes;
        var indexOffset = _stream.Position + ZvhdLayout.Alignment;
        var indexBytes = (long)segments * ZvhdLayout.IndexSegmentBytes;
        BinaryPrimitives.WriteInt64LittleEndian(_header.AsSpan(ZvhdLayout.IndexOffset), indexOffset);
        BinaryPrimitives.WriteInt64LittleEndian(_header.AsSpan(ZvhdLayout.BitmapOffset), indexOffset + indexBytes);
        ZvhdWriterHeader.Put(_header, ZvhdLayout.IndexSize, (uint)indexBytes);
        ZvhdWriterHeader.Put(_header, ZvhdLayout.BitmapSize, (uint)_bitmap.Length);
        ZvhdWriterHeader.Put(_header, ZvhdLayout.IndexSegments, (uint)segments);
        ZvhdWriterHeader.Put(_header, ZvhdLayout.BitmapSegments, (uint)bitmapSegments);
        ZvhdWriterHeader.Put(_header, ZvhdLayout.StoredBlocks, (uint)_index.Count);
        ZvhdWriterHeader.Sign(_header);
        _stream.Write(_header);
        WriteIndex(indexOffset + indexBytes);
        _stream.Write(_bitmap);
        _stream.Write(_header);
        _stream.Flush();
        _output.Flush();
    }

    private void WriteIndex(long end)
    {
        Span<byte> entry = stackalloc byte[ZvhdLayout.IndexEntryBytes];
        foreach (var (offset, block, length) in _index)
        {
            BinaryPrimitives.WriteInt64LittleEndian(entry, offset);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], block);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[12..], length);
            _stream.Write(entry);
        }

        _stream.WriteZeros((int)(end - _stream.Position));
    }
}
