using Spectre.Console;

namespace OfflinePatch.Cli.Rendering;

/// <summary>stdout as tables need it: as wide as the terminal, or wide enough for a file.</summary>
internal static class Terminal
{
    private const int WidthOfFiles = 140;

    public static IAnsiConsole Out { get; } = Create();

    private static IAnsiConsole Create()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = Console.IsOutputRedirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Out = new AnsiConsoleOutput(Console.Out),
        });
        if (Console.IsOutputRedirected)
        {
            console.Profile.Width = WidthOfFiles;
        }

        return console;
    }
}
