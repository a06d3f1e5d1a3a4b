using OfflinePatch.Core;

namespace OfflinePatch.Cli.Registry;

/// <summary>Writes to a device from its start on.</summary>
internal sealed class ResultStream(ResizableDevice device) : Stream
{
    private long _position;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _position;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        device.EnsureLength(_position + buffer.Length);
        device.Write(_position, buffer);
        _position += buffer.Length;
    }
}
