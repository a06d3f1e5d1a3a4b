namespace OfflinePatch.Core.Hosting;

/// <summary>
/// A temporary file as a device: what a compressed image unpacks to. It has no name, or the host deletes it on close, so that nothing
/// remains. Parts that were never written are holes and take no room.
/// </summary>
public sealed class TemporaryFileDevice : ResizableDevice
{
    private const int PieceBits = 16; // 64 KiB

    private readonly SpillFile _file;
    private readonly List<ulong> _written = []; // one bit a piece
    private long _length;

    /// <param name="folder">Where the file goes; null: the folder of the system's temporary files (<c>TMPDIR</c>).</param>
    /// <exception cref="HostIOException">It cannot be created there.</exception>
    public TemporaryFileDevice(string? folder = null) => _file = new SpillFile(folder ?? System.IO.Path.GetTempPath());

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        _file.Read(offset, buffer);
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        _file.Write(offset, buffer);
        for (var piece = offset >> PieceBits; buffer.Length > 0 && piece <= (offset + buffer.Length - 1) >> PieceBits; piece++)
        {
            while (_written.Count <= piece >> 6)
            {
                _written.Add(0);
            }

            _written[(int)(piece >> 6)] |= 1UL << (int)(piece & 63);
        }
    }

    /// <summary>Appends bytes and makes the file longer by them; pieces that are zero stay holes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        var offset = _length;
        _length += bytes.Length;
        while (bytes.Length > 0)
        {
            var piece = bytes[..(int)Math.Min(bytes.Length, (1 << PieceBits) - (offset & ((1 << PieceBits) - 1)))];
            if (piece.ContainsAnyExcept((byte)0))
            {
                Write(offset, piece);
            }

            offset += piece.Length;
            bytes = bytes[piece.Length..];
        }
    }

    /// <summary>Only grows: a part that is truncated would have to be cleared.</summary>
    public override void SetLength(long length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, _length);
        _length = length;
    }

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset)
    {
        CheckRange(offset, 1);
        var piece = offset >> PieceBits;
        var isWritten = IsWritten(piece);
        var last = (_length - 1) >> PieceBits;
        while (piece < last && IsWritten(piece + 1) == isWritten)
        {
            piece++;
        }

        return new DeviceExtent(offset, Math.Min(_length, (piece + 1) << PieceBits) - offset, !isWritten);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file.Dispose();
        }

        base.Dispose(disposing);
    }

    private bool IsWritten(long piece) => piece >> 6 < _written.Count && (_written[(int)(piece >> 6)] & (1UL << (int)(piece & 63))) != 0;
}
