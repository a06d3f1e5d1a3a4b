namespace OfflinePatch.Cli.Help;

/// <summary>What help and manual say of a command beyond what its arguments and options say of themselves.</summary>
/// <param name="Purpose">
/// When to use it, what it does, what it never does. Blank lines separate paragraphs; other line breaks are blanks.
/// </param>
/// <param name="Examples">Command lines that work, with what they are for.</param>
/// <param name="ExitCodes">What its exit codes mean, ascending.</param>
internal sealed record CommandGuide(string Purpose, Example[] Examples, ExitMeaning[] ExitCodes)
{
    /// <summary>The paragraphs of the purpose, each as one line.</summary>
    public IEnumerable<string> Paragraphs =>
        Purpose.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(p => p.Replace('\n', ' '));

    /// <summary>Environment variables that it reads, and what they do.</summary>
    public (string Name, string Text)[] Environment { get; init; } = [];

    /// <summary>Files that it leaves on the host.</summary>
    public (string Name, string Text)[] Files { get; init; } = [];

    /// <summary>Commands that are looked for next: <c>fs put</c>.</summary>
    public string[] SeeAlso { get; init; } = [];
}

/// <summary>A command line that works.</summary>
/// <param name="For">What it is for.</param>
/// <param name="Line">The line, without the prompt.</param>
internal sealed record Example(string For, string Line);

/// <summary>What an exit code means for a command.</summary>
internal sealed record ExitMeaning(int Code, string Text);
