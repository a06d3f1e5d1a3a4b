using System.Text;
using OfflinePatch.Core;
using Spectre.Console;

namespace OfflinePatch.Cli.Rendering;

/// <summary>
/// The two standard outputs. The result goes to standard output, and a result that cannot be written is an error of its own. Messages go to
/// standard error, and one that cannot be written is not an error. What comes from an image or from the host's file names is shown
/// by <see cref="PrintableText"/>.
/// </summary>
internal static class Output
{
    private const int BulkBuffer = 64 * 1024;

    /// <summary>Whether this command has changed an image or written a file: then it must not end as if it had not.</summary>
    public static bool HasChanged { get; set; }

    /// <summary>Whether a document was printed: there is one only.</summary>
    public static bool HasDocument { get; set; }

    /// <summary>Whether notes are left out.</summary>
    public static bool IsQuiet { get; set; }

    /// <summary>Forgets what an earlier command did, for a process that runs several.</summary>
    public static void Reset()
    {
        HasChanged = false;
        HasDocument = false;
        IsQuiet = false;
    }

    /// <summary>Puts both outputs in place of the runtime's own.</summary>
    public static void Install()
    {
        var output = new StandardStream(Console.OpenStandardOutput(), isResult: true);
        Console.SetOut(new StreamWriter(output, Console.OutputEncoding, BulkBuffer)
        {
            AutoFlush = true,
        });
        Console.SetError(new StreamWriter(new StandardStream(Console.OpenStandardError(), isResult: false), Console.OutputEncoding)
        {
            AutoFlush = true,
        });
    }

    /// <summary>Standard output for bytes. Writing ends with <see cref="ReaderGoneException"/> once nobody reads them.</summary>
    public static Stream OpenStream() => new StandardStream(Console.OpenStandardOutput(), isResult: true, isBulk: true);

    /// <summary>Standard output for many lines, in UTF-8. To be disposed.</summary>
    public static StreamWriter OpenBulk() => new(OpenStream(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), BulkBuffer);

    /// <summary>Writes one line to standard output; line ends and controls in it are shown as such.</summary>
    public static void Line(string text) => Console.Out.WriteLine(PrintableText.Escape(text));

    /// <summary>Writes two columns to standard output, separated by a tab.</summary>
    public static void Line(string first, string second) =>
        Console.Out.WriteLine($"{PrintableText.Escape(first)}\t{PrintableText.Escape(second)}");

    /// <summary>Writes one line to standard error, after the name of the program; line ends and controls in it are shown as such.</summary>
    public static void Message(string text) => Error($"offlinepatch: {PrintableText.Escape(text)}");

    /// <summary>A message that is no error: left out with <c>--quiet</c>.</summary>
    public static void Note(string text)
    {
        if (!IsQuiet)
        {
            Message(text);
        }
    }

    /// <summary>Writes the line after a message that says what to do.</summary>
    public static void Remedy(string text) => Error($"  {PrintableText.Escape(text)}");

    /// <summary>Writes a message and, where there is one, what to do.</summary>
    public static void Message(string text, string? remedy)
    {
        Message(text);
        if (remedy is not null)
        {
            Remedy(remedy);
        }
    }

    private static void Error(string line)
    {
        RunLog.Copy(line);
        Console.Error.WriteLine(line);
    }

    /// <summary>Text of foreign origin as markup of a table.</summary>
    public static string Shown(this string text) => PrintableText.Escape(text).EscapeMarkup();

    /// <summary>Text of foreign origin as a cell of a table.</summary>
    public static Text Cell(string text) => new(PrintableText.Escape(text));

    private sealed class StandardStream(Stream inner, bool isResult, bool isBulk = false) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() => Try(() => inner.Flush());

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count)
        {
            Try(() => inner.Write(buffer, offset, count));
            if (isBulk && StandardOutputFile.IsReaderGone())
            {
                throw new ReaderGoneException();
            }
        }

        private void Try(Action action)
        {
            try
            {
                action();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A message that nobody can receive does not affect the work; a result that is lost is reported by the exit code.
                if (isResult)
                {
                    throw new ResultLostException(e);
                }
            }
        }
    }
}

/// <summary>The program that reads standard output has ended (<c>| head</c>): it has all that it needs.</summary>
internal sealed class ReaderGoneException : Exception;

/// <summary>Standard output is full or closed: the result of a command could not be written.</summary>
internal sealed class ResultLostException(Exception inner)
    : Exception($"The result could not be written to standard output: "
        + (inner is UnauthorizedAccessException ? "it is closed." : inner.Message), inner);
