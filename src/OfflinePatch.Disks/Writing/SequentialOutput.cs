using OfflinePatch.Core;

namespace OfflinePatch.Disks.Writing;

/// <summary>Appends to a file in large pieces: writers hand over grains and clusters, the host gets megabytes.</summary>
internal sealed class SequentialOutput(ResizableDevice output, long start)
{
    private const int BufferBytes = 1024 * 1024;
    private const int LargePiece = 128 * 1024; // worth a call of its own, not a copy

    private readonly Memory<byte> _buffer = AlignedBuffer.Allocate(BufferBytes);
    private long _flushed = start;
    private int _used;

    /// <summary>Where the next byte goes.</summary>
    public long Position => _flushed + _used;

    /// <summary>Appends bytes.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > BufferBytes - _used || bytes.Length >= LargePiece)
        {
            Flush();
        }

        if (bytes.Length >= LargePiece)
        {
            output.EnsureLength(_flushed + bytes.Length);
            output.Write(_flushed, bytes);
            _flushed += bytes.Length;
            return;
        }

        bytes.CopyTo(_buffer.Span[_used..]);
        _used += bytes.Length;
    }

    /// <summary>Replaces bytes that were appended before.</summary>
    public void Rewrite(long offset, ReadOnlySpan<byte> bytes)
    {
        var behind = (int)Math.Clamp(_flushed - offset, 0, bytes.Length);
        if (behind > 0)
        {
            output.Write(offset, bytes[..behind]);
        }

        if (behind < bytes.Length)
        {
            bytes[behind..].CopyTo(_buffer.Span[(int)(offset + behind - _flushed)..]);
        }
    }

    /// <summary>Appends zeros up to a multiple of <paramref name="alignment"/>.</summary>
    public void Align(int alignment) => WriteZeros((int)((alignment - (Position % alignment)) % alignment));

    /// <summary>Appends zeros.</summary>
    public void WriteZeros(int count)
    {
        while (count > 0)
        {
            if (_used == BufferBytes)
            {
                Flush();
            }

            var part = Math.Min(count, BufferBytes - _used);
            _buffer.Span.Slice(_used, part).Clear();
            _used += part;
            count -= part;
        }
    }

    /// <summary>Flushes the buffer to the file.</summary>
    public void Flush()
    {
        if (_used > 0)
        {
            output.EnsureLength(_flushed + _used);
            output.Write(_flushed, _buffer.Span[.._used]);
            _flushed += _used;
            _used = 0;
        }
    }
}
