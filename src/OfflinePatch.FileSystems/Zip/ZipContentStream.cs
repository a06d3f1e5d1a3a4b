using System.IO.Hashing;
using OfflinePatch.Core;

namespace OfflinePatch.FileSystems.Zip;

/// <summary>
/// The content of one entry from start to end. The last byte is returned only when length and CRC-32 match the archive.
/// </summary>
internal sealed class ZipContentStream(ZipEntry entry, Stream unpacked) : Stream
{
    private long _position;
    private readonly Crc32 _crc = new();
    private bool _isChecked;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => entry.Length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        var count = 0;
        if (_position < entry.Length)
        {
            var wanted = buffer[..(int)Math.Min(buffer.Length, entry.Length - _position)];
            count = ReadUnpacked(wanted);
            if (count == 0)
            {
                throw ZipError.BadContent(entry.Path, _position, $"{entry.Length} bytes", $"{_position}");
            }

            _crc.Append(wanted[..count]);
            _position += count;
        }

        if (_position == entry.Length && !_isChecked)
        {
            CheckEnd();
        }

        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            unpacked.Dispose();
        }

        base.Dispose(disposing);
    }

    private void CheckEnd()
    {
        Span<byte> more = stackalloc byte[1];
        if (ReadUnpacked(more) != 0)
        {
            throw ZipError.BadContent(entry.Path, _position, $"{entry.Length} bytes", "more");
        }

        var crc = _crc.GetCurrentHashAsUInt32();
        if (crc != entry.Crc)
        {
            throw ZipError.BadContent(entry.Path, -1, $"CRC-32 0x{entry.Crc:X8}", $"0x{crc:X8}");
        }

        _isChecked = true;
    }

    private int ReadUnpacked(Span<byte> buffer)
    {
        try
        {
            return unpacked.Read(buffer);
        }
        catch (InvalidDataException e)
        {
            throw ZipError.BadContent(entry.Path, _position, "deflated bytes", e.Message);
        }
    }
}
