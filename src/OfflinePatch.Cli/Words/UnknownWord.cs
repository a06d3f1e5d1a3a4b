using System.CommandLine;
using System.CommandLine.Parsing;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Words;

/// <summary>
/// Words of a command line that mean nothing. One that begins with a dash is never the name of an image: a mistyped option would otherwise
/// be taken for a file, and the command would run without it. Names that begin with a dash go after <c>--</c>.
/// </summary>
internal static class UnknownWord
{
    private const string Dashes = "-–—‐‑−"; // what editors and web pages make of a hyphen, too

    // Their values are text of the user's, and may begin with anything.
    private static readonly HashSet<string> FreeText = new(StringComparer.Ordinal) { "--value", "--data", "--find", "--separator" };

    // What other tools call it.
    private static readonly Dictionary<string, string> Habits = new(StringComparer.Ordinal)
    {
        ["list"] = "inspect",
        ["status"] = "check",
        ["test"] = "check",
        ["repair"] = "fix",
        ["patch"] = "fix",
        ["export"] = "convert",
        ["rollback"] = "undo",
        ["revert"] = "undo",
        ["remove"] = "rm",
        ["del"] = "rm",
        ["dir"] = "ls",
        ["copy"] = "get",
        ["type"] = "cat",
        ["extract"] = "get",
        ["upload"] = "put",
        ["rename"] = "mv",
    };

    /// <summary>What is wrong with the words, or null.</summary>
    public static UsageException? Find(ParseResult result)
    {
        if (FindCommand(result) is { } command)
        {
            return command;
        }

        var values = new HashSet<Token>(ReferenceEqualityComparer.Instance);
        foreach (var option in Options(result.RootCommandResult))
        {
            foreach (var token in option.Tokens.Where(t => !FreeText.Contains(option.Option.Name)))
            {
                if (BeginsWithDash(token.Value))
                {
                    return Unknown(result, token.Value, option.Option.Name);
                }
            }

            values.UnionWith(option.Tokens);
        }

        foreach (var token in result.Tokens)
        {
            if (token.Type == TokenType.DoubleDash)
            {
                return null;
            }

            if (token.Type == TokenType.Argument && !values.Contains(token) && BeginsWithDash(token.Value))
            {
                return Unknown(result, token.Value, option: null);
            }
        }

        return null;
    }

    /// <summary>The words of a command, as its user types them.</summary>
    public static string PathOf(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{PathOf(parent)} {result.Command.Name}" : "offlinepatch";

    private static UsageException? FindCommand(ParseResult result)
    {
        var command = result.CommandResult.Command;
        if (command.Subcommands.Count == 0 || command.Action is not null || result.UnmatchedTokens.Count == 0
            || BeginsWithDash(result.UnmatchedTokens[0]))
        {
            return null;
        }

        var word = result.UnmatchedTokens[0];
        var names = command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name).ToList();
        var meant = Habits.TryGetValue(word, out var habit) && names.Contains(habit) ? habit : Suggestion.For(word, names);
        return new UsageException($"unknown command {word}{(meant is null ? "" : $"; did you mean {meant}?")}");
    }

    private static UsageException Unknown(ParseResult result, string word, string? option)
    {
        var meant = Suggestion.For(word.Split('=')[0], Names(result.CommandResult));
        var what = option is null ? $"unknown option {word}" : $"{option} is followed by {word}, which starts with a dash and is no option";
        return new UsageException(
            $"{what}{(meant is null ? "" : $"; did you mean {meant}?")}",
            option is null
                ? $"Nothing was opened. A name that begins with a dash goes after --, or is written as {ShellText.Quote("./" + word)}"
                : $"Nothing was opened. A name that begins with a dash is written as {ShellText.Quote("./" + word)}");
    }

    private static IEnumerable<string> Names(CommandResult result)
    {
        for (var at = result; at is not null; at = at.Parent as CommandResult)
        {
            foreach (var option in at.Command.Options.Where(o => !o.Hidden && (at == result || o.Recursive)))
            {
                yield return option.Name;
                foreach (var alias in option.Aliases)
                {
                    yield return alias;
                }
            }
        }
    }

    private static IEnumerable<OptionResult> Options(CommandResult result) =>
        result.Children.SelectMany(c => c switch
        {
            OptionResult option => [option],
            CommandResult command => Options(command),
            _ => Enumerable.Empty<OptionResult>(),
        });

    private static bool BeginsWithDash(string word) => word.Length > 1 && Dashes.Contains(word[0], StringComparison.Ordinal);
}
