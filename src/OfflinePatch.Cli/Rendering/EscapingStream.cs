using System.Buffers;
using System.Text;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Rendering;

/// <summary>Text in UTF-8 for a terminal, line by line: what a terminal could act on is shown by its number.</summary>
internal sealed class EscapingStream(Stream inner) : Stream
{
    private readonly ArrayBufferWriter<byte> _line = new();

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        int end;
        while ((end = buffer.IndexOf((byte)'\n')) >= 0)
        {
            _line.Write(buffer[..(end + 1)]);
            WriteLine();
            buffer = buffer[(end + 1)..];
        }

        _line.Write(buffer);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            WriteLine();
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void WriteLine()
    {
        if (_line.WrittenCount > 0)
        {
            inner.Write(Encoding.UTF8.GetBytes(PrintableText.EscapeLines(Encoding.UTF8.GetString(_line.WrittenSpan))));
            _line.ResetWrittenCount();
        }
    }
}
