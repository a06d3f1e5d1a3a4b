using System.CommandLine;
using System.CommandLine.Completions;

namespace OfflinePatch.Cli.Help;

/// <summary>
/// One command as help and manual show it: read from the command itself and from its guide, so that neither can be wrong.
/// </summary>
internal sealed record CommandPage
{
    /// <summary><c>offlinepatch fs put</c>.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>How it is called: <c>offlinepatch fs put IMAGE SOURCE... DEST [options]</c>.</summary>
    public required string Usage { get; init; }

    /// <summary>The paragraphs, examples and codes.</summary>
    public required CommandGuide Guide { get; init; }

    /// <summary>Arguments with their descriptions.</summary>
    public required IReadOnlyList<Term> Arguments { get; init; }

    /// <summary>Options with their descriptions.</summary>
    public required IReadOnlyList<Term> Options { get; init; }

    /// <summary>Commands below it.</summary>
    public required IReadOnlyList<CommandPage> Commands { get; init; }

    /// <summary>Reads a command and everything below it; hidden ones are left out.</summary>
    public static CommandPage Of(Command command)
    {
        var name = PathOf(command);
        return new CommandPage
        {
            Name = name,
            Summary = command.Description ?? "",
            Usage = UsageOf(command, name),
            Guide = Guides.For(name),
            Arguments = [.. command.Arguments.Where(a => !a.Hidden).Select(a => new Term(Repeated(a.Name, a.Arity), a.Description ?? ""))],
            Options = [.. OptionsOf(command).Select(DescribeOption)],
            Commands = [.. command.Subcommands.Where(c => !c.Hidden).Select(Of)],
        };
    }

    private static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{PathOf(parent)} {command.Name}" : "offlinepatch";

    private static string UsageOf(Command command, string name)
    {
        var arguments = command.Arguments.Where(a => !a.Hidden)
            .Select(a => Repeated(a.Name, a.Arity) is var text && a.Arity.MinimumNumberOfValues == 0 ? $"[{text}]" : text);
        var required = command.Options.Where(o => o.Required).Select(o => $"{ShortestName(o)} {ValueName(o)}");
        string[] rest = command.Subcommands.Any(c => !c.Hidden) ? ["COMMAND"]
            : OptionsOf(command).Any(o => !o.Required && !o.Recursive) ? ["[options]"]
            : [];
        return string.Join(' ', [name, .. arguments, .. required, .. rest]);
    }

    private static IEnumerable<Option> OptionsOf(Command command) => command.Options.Where(o => !o.Hidden);

    private static Term DescribeOption(Option option)
    {
        var names = option.Aliases.Where(a => !a.StartsWith('/') && a != "-?").Append(option.Name).OrderBy(n => n.Length)
            .ThenBy(n => n, StringComparer.Ordinal);
        var value = TakesValue(option) ? " " + ValueName(option) : "";
        var standard = option.HasDefaultValue && TakesValue(option) && option.GetDefaultValue()?.ToString() is { Length: > 0 } text
            && option.Name != "--jobs"
            ? $" Default: {text}."
            : "";
        return new Term(string.Join(", ", names) + value, option.Description + standard + (option.Required ? " Required." : ""));
    }

    private static string ShortestName(Option option) => option.Aliases.Append(option.Name).MinBy(n => n.Length)!;

    private static bool TakesValue(Option option) => option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool);

    private static string ValueName(Option option) =>
        option.HelpName ?? (option.GetCompletions(CompletionContext.Empty).Select(c => c.Label).ToList() is { Count: > 0 } choices
            ? string.Join('|', choices)
            : option.Name.TrimStart('-').ToUpperInvariant());

    private static string Repeated(string name, ArgumentArity arity) =>
        arity.MaximumNumberOfValues > 1 && !name.Contains("...", StringComparison.Ordinal) ? name + "..." : name;
}

/// <summary>An argument, option or variable, and what it is.</summary>
internal sealed record Term(string Name, string Text);
