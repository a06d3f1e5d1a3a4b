using System.IO.Compression;
using OfflinePatch.Core;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Writing;

namespace OfflinePatch.Disks.Zvhd;

/// <summary>
/// Writes a ZVHD: one zlib stream, flushed after every block, never ended. One core compresses: the format allows nothing else.
/// </summary>
internal sealed class ZvhdWriter : DiskWriter
{
    private readonly ResizableDevice _output;
    private readonly SequentialOutput _stream;
    private readonly MemoryStream _packed = new();
    private readonly ZLibStream _zlib;
    private readonly byte[] _header;

    public ZvhdWriter(ResizableDevice output, long virtualSize, ImageIdentity? identity)
    {
        _output = output;
        _stream = new SequentialOutput(output, 0);
        _header = ZvhdWriterHeader.Create(ZvhdLayout.Cookie, ZvhdWriterHeader.SizeOf(virtualSize), identity);
        ZvhdWriterHeader.Sign(_header);
        _zlib = new ZLibStream(_packed, CompressionLevel.Fastest, leaveOpen: true);
        _stream.Write(_header);
    }

    /// <inheritdoc/>
    public override int UnitSize => ZvhdLayout.DefaultBlock;

    /// <inheritdoc/>
    public override void Append(long guestOffset, ReadOnlyMemory<byte> encoded)
    {
        _packed.SetLength(ZvhdLayout.RecordPayload);
        _packed.Position = ZvhdLayout.RecordPayload;
        _zlib.Write(encoded.Span);
        if (encoded.Length < ZvhdLayout.DefaultBlock)
        {
            _zlib.Write(new byte[ZvhdLayout.DefaultBlock - encoded.Length]);
        }

        _zlib.Flush();
        var payload = (int)_packed.Length - ZvhdLayout.RecordPayload;
        _packed.SetLength(ZvhdLayout.RecordBytes(payload));
        var record = _packed.GetBuffer().AsSpan(0, (int)_packed.Length);
        ZvhdWriterHeader.Frame(record, guestOffset / ZvhdLayout.DefaultBlock, payload);
        _stream.Write(record);
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        _stream.Write(_header);
        _stream.Flush();
        _output.Flush();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _zlib.Dispose();
            _packed.Dispose();
        }

        base.Dispose(disposing);
    }
}
