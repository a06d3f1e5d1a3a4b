using System.Globalization;
using System.Text;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Cli.Help;

/// <summary>
/// Writes pages of section 1 of the manual, in the macros of man(7): one for the program, one for each of its commands, with the commands
/// below it as sections of its page.
/// </summary>
internal static class ManualPage
{
    /// <summary>Every page as file name and content.</summary>
    public static IEnumerable<(string FileName, string Content)> All(CommandPage program, string version, DateTimeOffset date)
    {
        yield return ("offlinepatch.1", Render(program, program, version, date));
        foreach (var command in program.Commands)
        {
            yield return (NameOf(command.Name) + ".1", Render(program, command, version, date));
        }
    }

    private static string Render(CommandPage program, CommandPage page, string version, DateTimeOffset date)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $".TH {NameOf(page.Name).ToUpperInvariant()} 1 {date:yyyy-MM-dd} \"offlinepatch {Escape(version)}\" "
                + $"\"OfflinePatch\"\n.nh\n.ad l\n");
        text.Append(CultureInfo.InvariantCulture, $".SH NAME\n{Escape(NameOf(page.Name))} \\- {Escape(page.Summary)}\n.SH SYNOPSIS\n");
        var usages = page.Commands.Count > 0 && page != program ? page.Commands.Select(c => c.Usage) : [page.Usage];
        text.AppendJoin("\n.br\n", usages.Select(u => $".B {Escape(u)}")).Append("\n.SH DESCRIPTION\n");
        Paragraphs(text, page.Guide.Paragraphs);
        if (page == program)
        {
            text.Append(".SH COMMANDS\n");
            Terms(text, page.Commands.Select(c => new Term(Reference(c.Name), c.Summary)));
        }
        else if (page.Commands.Count > 0)
        {
            text.Append(".SH COMMANDS\n");
            foreach (var command in page.Commands)
            {
                Command(text, command);
            }
        }

        Section(text, "ARGUMENTS", page.Arguments);
        Section(text, "OPTIONS", page.Options);
        Rules(text, page);
        Section(text, "EXIT STATUS", [.. page.Guide.ExitCodes.Select(c => new Term($"{c.Code}", c.Text))]);
        Section(text, "ENVIRONMENT", [.. page.Guide.Environment.Select(e => new Term(e.Name, e.Text))]);
        Section(text, "FILES", [.. page.Guide.Files.Select(f => new Term(f.Name, f.Text))]);
        if (page.Guide.Examples.Length > 0)
        {
            text.Append(".SH EXAMPLES\n");
            Examples(text, page.Guide.Examples, followsHeading: true);
        }

        var others = page == program
            ? page.Commands.Select(c => c.Name)
            : page.Guide.SeeAlso.Select(s => $"offlinepatch {s.Split(' ')[0]}").Prepend(program.Name);
        text.Append(CultureInfo.InvariantCulture,
            $".SH SEE ALSO\n{string.Join(",\n", others.Distinct(StringComparer.Ordinal).Select(o => $".BR {Escape(NameOf(o))} (1)"))}\n");
        return text.ToString();
    }

    private static void Command(StringBuilder text, CommandPage command)
    {
        text.Append(CultureInfo.InvariantCulture, $".SS {Escape(command.Usage)}\n");
        Paragraphs(text, [command.Summary, .. command.Guide.Paragraphs]);
        Terms(text, command.Arguments.Concat(command.Options));
        Examples(text, command.Guide.Examples);
    }

    /// <summary>The rules are in the page of the command that lists them.</summary>
    private static void Rules(StringBuilder text, CommandPage page)
    {
        if (page.Name != "offlinepatch rules")
        {
            return;
        }

        text.Append(".SH RULES\n");
        foreach (var rule in RuleDescription.Of(TargetCatalog.Get(TargetCatalog.DefaultId)))
        {
            var kind = rule.Gate ? "gate" : rule.Severity.ToString().ToLowerInvariant();
            text.Append(CultureInfo.InvariantCulture,
                $".TP\n.B {Escape(rule.Id)}\n{Escape(rule.Title)} ({kind}{(rule.CanFix ? ", fix" : "")}).\n");
            text.Append(CultureInfo.InvariantCulture, $".IP\n{Escape(rule.Changes)}\n.IP\nSource: {Escape(rule.Source)}.\n");
        }
    }

    private static void Section(StringBuilder text, string title, IReadOnlyList<Term> terms)
    {
        if (terms.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $".SH {title}\n");
            Terms(text, terms);
        }
    }

    private static void Terms(StringBuilder text, IEnumerable<Term> terms)
    {
        foreach (var term in terms)
        {
            text.Append(CultureInfo.InvariantCulture, $".TP\n.B {Escape(term.Name)}\n{Escape(term.Text)}\n");
        }
    }

    private static void Paragraphs(StringBuilder text, IEnumerable<string> paragraphs) =>
        text.AppendJoin("\n.PP\n", paragraphs.Select(Escape)).Append('\n');

    private static void Examples(StringBuilder text, IEnumerable<Example> examples, bool followsHeading = false)
    {
        foreach (var example in examples)
        {
            text.Append(followsHeading ? "" : ".PP\n"); // a heading begins a paragraph of its own
            followsHeading = false;
            text.Append(CultureInfo.InvariantCulture, $"{Escape(example.For)}\n.PP\n.RS 4\n.EX\n{Escape(example.Line)}\n.EE\n.RE\n");
        }
    }

    private static string NameOf(string command) => command.Replace(' ', '-');

    private static string Reference(string command) => $"{NameOf(command)}(1)";

    /// <summary>
    /// Text that roff shows as it is: backslashes, hyphens that can be copied, control characters at the start of a line, and all beyond
    /// ASCII by code.
    /// </summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length + 16);
        if (text.StartsWith('.') || text.StartsWith('\''))
        {
            escaped.Append("\\&");
        }

        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '\\' => escaped.Append("\\e"),
                '-' => escaped.Append("\\-"),
                '"' => escaped.Append("\\(dq"),
                '\'' => escaped.Append("\\(aq"),
                '`' => escaped.Append("\\(ga"),
                '^' => escaped.Append("\\(ha"),
                '~' => escaped.Append("\\(ti"),
                > 126 => escaped.Append(CultureInfo.InvariantCulture, $"\\[u{rune.Value:X4}]"),
                _ => escaped.Append(rune),
            };
        }

        return escaped.ToString();
    }
}
