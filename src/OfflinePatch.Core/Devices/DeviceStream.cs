namespace OfflinePatch.Core.Devices;

/// <summary>A read-only, seekable stream over a window of a device. It does not own the device, and several may be open at once.</summary>
public sealed class DeviceStream : Stream
{
    private readonly BlockDevice _device;
    private readonly long _start;
    private readonly long _length;
    private long _position;

    /// <summary>A stream over the whole device.</summary>
    public DeviceStream(BlockDevice device)
        : this(device, 0, device.Length)
    {
    }

    /// <param name="device">The device below.</param>
    /// <param name="start">First byte of the window.</param>
    /// <param name="length">Bytes. The window must be inside the device.</param>
    /// <exception cref="CorruptImageException"><c>CORE-0001</c>: the window is not inside the device.</exception>
    public DeviceStream(BlockDevice device, long start, long length)
    {
        if (start < 0 || length < 0 || start > device.Length || length > device.Length - start)
        {
            throw CoreError.OutsideDevice("stream", start, length, device.Length);
        }

        _device = device;
        _start = start;
        _length = length;
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => true;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (_position >= _length)
        {
            return 0;
        }

        var count = (int)Math.Min(buffer.Length, _length - _position);
        _device.Read(_start + _position, buffer[..count]);
        _position += count;
        return count;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int ReadByte()
    {
        Span<byte> one = stackalloc byte[1];
        return Read(one) == 0 ? -1 : one[0];
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => Position = StreamPosition.Seek(offset, origin, _position, _length);

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
