using System.CommandLine;
using System.CommandLine.Completions;

namespace OfflinePatch.Cli.Completion;

/// <summary>What a word of a command line can become: commands, options, and the values that an option or argument has a list of.</summary>
internal static class Candidates
{
    /// <summary>The candidates for the last word.</summary>
    /// <param name="root">The commands.</param>
    /// <param name="words">The words after the program's name, up to the cursor; the last one is being typed, and may be empty.</param>
    /// <returns>Each with what it is. Empty where a name of a file is expected.</returns>
    public static IEnumerable<Candidate> For(Command root, IReadOnlyList<string> words)
    {
        var typed = words.Count > 0 ? words[^1] : "";
        var command = root;
        Option? open = null;
        var onlyArguments = false;
        for (var i = 0; i < words.Count - 1; i++)
        {
            var word = words[i];
            if (open is not null)
            {
                open = null; // its value
            }
            else if (word == "--")
            {
                onlyArguments = true;
            }
            else if (!onlyArguments && word.StartsWith('-'))
            {
                open = Find(command, word) is { Arity.MaximumNumberOfValues: > 0 } option ? option : null;
            }
            else if (command.Subcommands.FirstOrDefault(c => c.Name == word || c.Aliases.Contains(word)) is { } inner)
            {
                command = inner;
            }
        }

        return All(command, open, onlyArguments, typed).Where(c => c.Word.StartsWith(typed, StringComparison.Ordinal));
    }

    private static IEnumerable<Candidate> All(Command command, Option? open, bool onlyArguments, string typed)
    {
        if (open is not null)
        {
            return Values(open.GetCompletions(CompletionContext.Empty));
        }

        if (typed.StartsWith('-') && !onlyArguments)
        {
            return Options(command).OrderBy(o => o.Name, StringComparer.Ordinal)
                .SelectMany(o => o.Aliases.Append(o.Name)
                    .Where(n => n.StartsWith("--", StringComparison.Ordinal) || (typed.Length < 2 && n.StartsWith('-') && n != "-?"))
                    .Select(n => new Candidate(n, FirstSentence(o.Description))));
        }

        var commands = command.Subcommands.Where(c => !c.Hidden).Select(c => new Candidate(c.Name, FirstSentence(c.Description)));
        return commands.Concat(command.Arguments.SelectMany(a => Values(a.GetCompletions(CompletionContext.Empty))));
    }

    private static IEnumerable<Candidate> Values(IEnumerable<CompletionItem> items) =>
        items.Select(i => new Candidate(i.InsertText ?? i.Label, i.Detail ?? "")).Where(c => c.Word.Length > 0);

    private static Option? Find(Command command, string word) =>
        Options(command).FirstOrDefault(o => o.Name == word || o.Aliases.Contains(word));

    private static IEnumerable<Option> Options(Command command) =>
        command.Options.Concat(command.Parents.OfType<Command>().SelectMany(p => p.Options.Where(o => o.Recursive))).Where(o => !o.Hidden);

    private static string FirstSentence(string? text) =>
        text is null ? "" : text.IndexOf(". ", StringComparison.Ordinal) is > 0 and var end ? text[..(end + 1)] : text;
}

/// <summary>A word, and what it is.</summary>
internal readonly record struct Candidate(string Word, string Description);
