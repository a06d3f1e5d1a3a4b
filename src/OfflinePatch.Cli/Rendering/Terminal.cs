using System.Globalization;
using System.Text;
using Spectre.Console;

namespace OfflinePatch.Cli.Rendering;

/// <summary>Standard output as readers see it: how wide it is, and whether it has colours.</summary>
internal static class Terminal
{
    private const int WidthOfTables = 140; // of a table that goes into a file
    private static IAnsiConsole? _console;

    /// <summary>When colours are used.</summary>
    public static ColorChoice Colors { get; set; }

    /// <summary>
    /// Columns to wrap at: what COLUMNS says, else the width of the terminal; null for a file or a pipe, whose lines are not broken.
    /// </summary>
    public static int? Width =>
        int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), NumberStyles.None, CultureInfo.InvariantCulture, out var columns)
            && columns is >= 20 and <= 1000 ? columns
        : Console.IsOutputRedirected ? null : Math.Max(20, Console.WindowWidth);

    /// <summary>Whether colours and other attributes are used. NO_COLOR: no-color.org.</summary>
    public static bool IsColored => Colors switch
    {
        ColorChoice.Always => true,
        ColorChoice.Never => false,
        _ =>
            !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
                && Environment.GetEnvironmentVariable("TERM") != "dumb",
    };

    /// <summary>Standard output for tables. Made when first asked for: the options are known by then.</summary>
    public static IAnsiConsole Out => _console ??= Create();

    /// <summary>Forgets the console, for a process that runs several commands.</summary>
    public static void Reset()
    {
        _console = null;
        Colors = ColorChoice.Auto;
    }

    private static IAnsiConsole Create()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = IsColored ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = IsColored ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(IsColored ? Console.Out : new TrimmingWriter(Console.Out)),
        });
        console.Profile.Width = Width ?? WidthOfTables;
        return console;
    }

    /// <summary>Lines without the blanks that fill a table's last column.</summary>
    private sealed class TrimmingWriter(TextWriter inner) : TextWriter
    {
        private readonly StringBuilder _line = new();

        public override Encoding Encoding => inner.Encoding;

        public override void Write(char value)
        {
            if (value == '\n')
            {
                inner.WriteLine(_line.ToString().TrimEnd());
                _line.Clear();
            }
            else if (value != '\r')
            {
                _line.Append(value);
            }
        }

        public override void Flush() => inner.Flush();
    }
}

/// <summary>When colours are used.</summary>
internal enum ColorChoice
{
    /// <summary>On a terminal that has them.</summary>
    Auto,

    /// <summary>Also in a file or a pipe.</summary>
    Always,

    /// <summary>Nowhere.</summary>
    Never,
}
