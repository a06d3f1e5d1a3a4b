using System.Text.Json;

namespace OfflinePatch.Core.Tests.Text;

/// <summary>Text of foreign origin is shown as one line that no terminal acts on.</summary>
[Trait("tier", "unit")]
public sealed class PrintableTextTests
{
    [Theory]
    [InlineData("plain C:\\Windows ünïcödé 漢字 🙂", "plain C:\\Windows ünïcödé 漢字 🙂")]
    [InlineData("\u001b]0;PWN\u0007\u001b[2J", "\\x1B]0;PWN\\x07\\x1B[2J")]
    [InlineData("a\r\nserver.raw: ready\n", "a\\r\\nserver.raw: ready\\n")]
    [InlineData("\u009b31m \u007f \u0085", "\\x9B31m \\x7F \\x85")]
    [InlineData("\u202egpj.exe \u2066x\u2069 \u200f\u061c \u2028 \ufeff", "\\u202Egpj.exe \\u2066x\\u2069 \\u200F\\u061C \\u2028 \\uFEFF")]
    public void What_is_not_printable_is_shown_by_its_number(string text, string shown) => Assert.Equal(shown, PrintableText.Escape(text));

    [Fact]
    public void Unpaired_surrogates_are_shown_and_pairs_stay()
    {
        Assert.Equal("a\\uDC00b", PrintableText.Escape("a\udc00b"));
        Assert.Equal("a\\uD83D", PrintableText.Escape("a\ud83d"));
        Assert.Equal("\\uD83D🙂", PrintableText.Escape("\ud83d🙂"));
    }

    [Fact]
    public void Lines_stay_where_lines_are_meant() => Assert.Equal("a\tb\n\\x1Bc", PrintableText.EscapeLines("a\tb\r\n\u001bc"));

    [Fact]
    public void Json_keeps_its_meaning()
    {
        var text = "\u202e \u009b \ufeff 漢 🙂";
        var json = PrintableText.EscapeJson($$"""
            { "name": "{{text}}" }
            """);
        Assert.DoesNotContain('\u202e', json);
        Assert.DoesNotContain('\u009b', json);
        Assert.Equal(text, JsonDocument.Parse(json).RootElement.GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("plain.txt", true, true)]
    [InlineData("", false, false)]
    [InlineData("..", false, false)]
    [InlineData("a/b", false, false)]
    [InlineData("a\\b", false, false)]
    [InlineData("a:b", true, false)]
    [InlineData("C:evil", true, false)]
    [InlineData("con", true, false)]
    [InlineData("Aux.txt", true, false)]
    [InlineData("nul .x", true, false)]
    [InlineData("COM9.log", true, false)]
    [InlineData("com\u00b9", true, false)]
    [InlineData("trail.", true, false)]
    [InlineData("trail ", true, false)]
    [InlineData("a?b", true, false)]
    [InlineData("new\nline", true, false)]
    [InlineData("console", true, true)]
    [InlineData("com", true, true)]
    public void A_name_of_a_guest_is_one_of_the_host_or_not(string name, bool onUnix, bool onWindows)
    {
        Assert.Equal(onUnix, HostPaths.IsName(name, onWindows: false));
        Assert.Equal(onWindows, HostPaths.IsName(name, onWindows: true));
    }

    [Fact]
    public void A_name_that_the_host_cannot_hold_is_none()
    {
        Assert.False(HostPaths.IsName("a\udc00", onWindows: false));
        Assert.False(HostPaths.IsName(new string('漢', 100), onWindows: false));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(4097)]
    [InlineData((1 << 20) + 3)]
    public void A_copy_of_any_length_is_whole(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        bytes.AsSpan(0, length / 3).Clear();
        var copy = new byte[length];
        SparseCopy.Copy(new MemoryStream(bytes), (offset, data) => data.CopyTo(copy.AsSpan((int)offset)), CancellationToken.None);
        Assert.Equal(bytes, copy);
    }

    [Fact]
    public void A_copy_leaves_out_zeros_and_never_reads_what_is_known_to_be_zeros()
    {
        const long length = 1L << 40;
        using var content = new Content(length, [(0, 5000), (1L << 30, 100), (length - 1, 1)]);
        var written = new List<(long, int)>();
        SparseCopy.Copy(content, (offset, bytes) => written.Add((offset, bytes.Length)), CancellationToken.None);
        Assert.Equal([(0, 8192), (1L << 30, 4096), (length - 4096, 4096)], written);
        Assert.True(content.BytesRead < 8 << 20, $"{content.BytesRead} bytes read");
    }

    /// <summary>Ones at some places, and a hole everywhere else, in units of 64 KiB.</summary>
    private sealed class Content(long length, (long Offset, long Length)[] data) : Stream, ISparseContent
    {
        private const int Unit = 64 * 1024;

        public long BytesRead { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position { get; set; }

        public long ZeroRun(long offset)
        {
            var next = data.Where(d => (d.Offset + d.Length - 1) / Unit >= offset / Unit).Select(d => d.Offset / Unit * Unit)
                .DefaultIfEmpty(length).Min();
            return Math.Max(0, next - offset);
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(count, length - Position);
            for (var i = 0; i < read; i++)
            {
                var at = Position + i;
                buffer[offset + i] = Array.Exists(data, d => at >= d.Offset && at < d.Offset + d.Length) ? (byte)1 : (byte)0;
            }

            Position += read;
            BytesRead += read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
