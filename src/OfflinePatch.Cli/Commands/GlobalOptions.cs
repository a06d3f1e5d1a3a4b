using System.CommandLine;
using System.CommandLine.Parsing;
using OfflinePatch.Cli.Rendering;

namespace OfflinePatch.Cli.Commands;

/// <summary>Options that every command has.</summary>
internal static class GlobalOptions
{
    private static readonly Option<bool> Json = CommonOptions.Json();

    private static readonly Option<bool> Quiet = new("--quiet", "-q")
    {
        Description = "Print the result only: no notes and no progress; of an image only the verdict.",
    };

    private static readonly Option<bool> Verbose = new("--verbose", "-v") { Description = VerboseText };

    private static readonly Option<bool> VerboseWithoutLetter = new("--verbose") { Description = VerboseText };

    private static readonly Option<string?> Log = new("--log")
    {
        Description = "Add all that --verbose shows, and every message, to FILE, with the time of each line. For bug reports.",
        HelpName = "FILE",
    };

    private static readonly Option<string?> Trace = new("--trace")
    {
        Description = "Write to FILE how long each stage, read, write and flush takes, for Perfetto (ui.perfetto.dev) or Chrome "
            + "(chrome://tracing).",
        HelpName = "FILE",
    };

    private static readonly Option<ColorChoice> Color = CreateColor();

    private const string VerboseText = "Say on standard error what is done: every stage with its time, every file and registry value "
        + "that is written.";

    /// <summary>
    /// Adds them to every command that does something itself: it has arguments, or no commands below it. Where an option of the command
    /// has the letter, the long name only.
    /// </summary>
    public static void AddTo(Command command)
    {
        foreach (var inner in command.Subcommands)
        {
            AddTo(inner);
        }

        if (command.Subcommands.Count > 0 && command.Arguments.Count == 0)
        {
            return;
        }

        var names = command.Options.SelectMany(o => o.Aliases.Append(o.Name)).ToHashSet(StringComparer.Ordinal);
        foreach (var option in (Option[])[Json, Quiet, names.Contains("-v") ? VerboseWithoutLetter : Verbose, Log, Trace, Color])
        {
            if (!names.Contains(option.Name))
            {
                command.Add(option);
            }
        }
    }

    /// <summary>
    /// Whether the result is wanted as JSON; known from the words alone, so that a mistake in them can be reported as JSON too.
    /// </summary>
    public static bool WantsJson(ParseResult result) => HasWord(result, "--json");

    /// <summary>Applies them. The file of <c>--log</c> is opened: it is tried before anything else is.</summary>
    public static void Apply(ParseResult result)
    {
        Terminal.Colors = Value(result, "--color") switch
        {
            "always" => ColorChoice.Always,
            "never" => ColorChoice.Never,
            _ => ColorChoice.Auto,
        };
        Output.IsQuiet = HasWord(result, "--quiet") || HasWord(result, "-q");
        var log = Value(result, "--log");
        if (log is not null)
        {
            OutputPaths.Check("--log", log, overwrite: true);
        }

        if (Value(result, "--trace") is { } trace)
        {
            OutputPaths.Check("--trace", trace, overwrite: true);
            TraceFile.Start(trace);
        }

        RunLog.Start(result.CommandResult.Command.Options.Any(o => o == Verbose && result.GetValue(Verbose))
            || HasWord(result, "--verbose"), log);
    }

    private static bool HasWord(ParseResult result, string word) => result.Tokens.Any(t => t.Type == TokenType.Option && t.Value == word);

    private static string? Value(ParseResult result, string name) =>
        result.CommandResult.Command.Options.FirstOrDefault(o => o.Name == name) is { } option
            && result.GetResult(option) is { Tokens: { Count: > 0 } tokens }
            ? tokens[^1].Value
            : null;

    private static Option<ColorChoice> CreateColor()
    {
        var option = new Option<ColorChoice>("--color")
        {
            Description = "Colours: auto (on a terminal, unless NO_COLOR is set), always or never.",
            HelpName = "WHEN",
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = argument =>
            {
                var word = argument.Tokens.Count > 0 ? argument.Tokens[^1].Value : "";
                if (word is "auto" or "always" or "never")
                {
                    return word == "always" ? ColorChoice.Always : word == "never" ? ColorChoice.Never : ColorChoice.Auto;
                }

                argument.AddError($"--color takes auto, always or never, not '{word}'");
                return ColorChoice.Auto;
            },
        };
        option.CompletionSources.Clear(); // the names of the enumeration
        option.CompletionSources.Add("auto", "always", "never");
        return option;
    }
}
