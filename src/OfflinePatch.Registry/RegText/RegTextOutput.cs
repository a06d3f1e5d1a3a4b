using System.Runtime.InteropServices;
using System.Text;

namespace OfflinePatch.Registry.RegText;

/// <summary>Collects characters and writes them out in large pieces. Lines end with CR LF, as regedit's do.</summary>
internal sealed class RegTextOutput
{
    private const int Size = 64 * 1024;

    private readonly Stream _stream;
    private readonly RegTextEncoding _encoding;
    private readonly char[] _chars = new char[Size];
    private readonly byte[] _bytes;
    private readonly Encoder _utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false).GetEncoder();
    private int _count;

    public RegTextOutput(Stream stream, RegTextEncoding encoding, bool withMark)
    {
        _stream = stream;
        _encoding = encoding;
        _bytes = encoding == RegTextEncoding.Utf8 || !BitConverter.IsLittleEndian ? new byte[(Size * 3) + 4] : [];
        if (encoding == RegTextEncoding.Utf16 && withMark)
        {
            stream.Write([0xFF, 0xFE]);
        }
    }

    public void Write(ReadOnlySpan<char> text)
    {
        while (text.Length > Size - _count)
        {
            var part = Size - _count;
            text[..part].CopyTo(_chars.AsSpan(_count));
            _count = Size;
            Drain(isLast: false);
            text = text[part..];
        }

        text.CopyTo(_chars.AsSpan(_count));
        _count += text.Length;
    }

    public void Write(char value)
    {
        if (_count == Size)
        {
            Drain(isLast: false);
        }

        _chars[_count++] = value;
    }

    public void NewLine() => Write("\r\n");

    /// <summary>Room for up to <paramref name="length"/> characters, 32768 at most; <see cref="Advance"/> takes them.</summary>
    public Span<char> Reserve(int length)
    {
        if (length > Size - _count)
        {
            Drain(isLast: false);
        }

        return _chars.AsSpan(_count);
    }

    public void Advance(int length) => _count += length;

    /// <summary>Writes what is buffered.</summary>
    public void Complete() => Drain(isLast: true);

    private void Drain(bool isLast)
    {
        var chars = _chars.AsSpan(0, _count);
        _count = 0;
        if (_encoding == RegTextEncoding.Utf8)
        {
            _stream.Write(_bytes, 0, _utf8.GetBytes(chars, _bytes, isLast));
        }
        else if (BitConverter.IsLittleEndian)
        {
            _stream.Write(MemoryMarshal.AsBytes(chars));
        }
        else
        {
            _stream.Write(_bytes, 0, Encoding.Unicode.GetBytes(chars, _bytes));
        }
    }
}
