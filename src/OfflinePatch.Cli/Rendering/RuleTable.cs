using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Cli.Rendering;

/// <summary>
/// What <c>fix</c> and <c>check</c> print of an image: what fails first, with the remedy under it, then what was fixed, before and after;
/// what passed only as a number; last the verdict.
/// </summary>
internal static class RuleTable
{
    private const int IdColumn = 11; // after "  would fix"
    private const int TextColumn = 36; // after the longest id of a rule
    private const int Longest = 400; // characters of an old or new value

    /// <summary>Whether rules that passed, were skipped, or do not apply are listed too.</summary>
    public static bool ShowsAll { get; set; }

    /// <summary>Whether only the verdict is printed.</summary>
    public static bool IsQuiet => Output.IsQuiet;

    /// <summary>Prints the report of one image that a command changes.</summary>
    public static void Print(ImageReport report) => Print(report, isCheck: false);

    /// <summary>Prints the report of one image that was only read: it says nothing of changes.</summary>
    public static void PrintCheck(ImageReport report) => Print(report, isCheck: true);

    private static void Print(ImageReport report, bool isCheck)
    {
        Error(report);
        if (!IsQuiet && (report.Rules.Count > 0 || report.Error is null))
        {
            Head(report);
            foreach (var rule in report.Rules.Where(IsShown).OrderBy(Rank))
            {
                Rule(rule);
            }

            Counts(report);
            if (!isCheck)
            {
                Changes(report);
            }
        }

        Verdict(report);
        if (!IsQuiet && (report.Rules.Count > 0 || report.Error is null))
        {
            Console.Out.WriteLine();
        }
    }

    /// <summary>The verdict in a few words.</summary>
    public static string Word(ImageReport report) => report.Result switch
    {
        ImageResult.Ready => "ready",
        ImageResult.WouldBeReady => "would be ready; nothing was written",
        ImageResult.RulesPass when report.DryRun == true => $"the chosen rules would pass ({Left(report)} left out); nothing was written",
        ImageResult.RulesPass => $"the chosen rules pass ({Left(report)} left out)",
        ImageResult.Inspected => "inspected",
        ImageResult.NotReady when report.DryRun == true => "would not be ready; nothing was written",
        ImageResult.NotReady => "not ready",
        ImageResult.Refused => "refused, nothing was written",
        ImageResult.Skipped => "passed over",
        ImageResult.Cancelled => "cancelled, nothing was written",
        _ => "error",
    };

    private static void Head(ImageReport report)
    {
        Console.Out.WriteLine(Paragraph.Styled(report.Path, Paragraph.Bold));
        if (Facts(report) is { Length: > 0 } facts)
        {
            Paragraph.Write("  ", 2, facts);
        }

        foreach (var note in report.Notes)
        {
            Paragraph.Write("  note: ", 8, note);
        }

    }

    // An error is a message; only the verdict, which names its code, belongs to the result.
    private static void Error(ImageReport report)
    {
        if (report.Error is { } error)
        {
            Output.Message($"{report.Path}: {error.Message}");
            if (error.Remedy is not null)
            {
                Output.Remedy(error.Remedy);
            }
        }
    }

    private static bool IsShown(RuleReport rule) => ShowsAll || rule.State is RuleState.Failed or RuleState.Fixed or RuleState.WouldFix;

    private static int Rank(RuleReport rule) => rule.State switch
    {
        RuleState.Failed => rule.Severity switch { RuleSeverity.Error => 0, RuleSeverity.Warning => 1, _ => 2 },
        RuleState.Fixed or RuleState.WouldFix => 3,
        RuleState.Ok => 4,
        RuleState.Skipped => 5,
        _ => 6,
    };

    private static void Rule(RuleReport rule)
    {
        var (word, style) = State(rule);
        var head = $"  {Paragraph.Styled(word, style)}{new string(' ', IdColumn - word.Length)}{rule.Id} ";
        var narrow = Terminal.Width is { } width && width < TextColumn + 40;
        var column = narrow ? IdColumn + 2 : Math.Max(TextColumn, IdColumn + 2 + rule.Id.Length + 2);
        if (narrow)
        {
            Console.Out.WriteLine(head.TrimEnd());
            Paragraph.Write(new string(' ', column), column, rule.Message);
        }
        else
        {
            Paragraph.Write(head + new string(' ', column - IdColumn - 3 - rule.Id.Length), column, rule.Message);
        }

        var indent = new string(' ', column);
        if (rule.State is RuleState.Fixed or RuleState.WouldFix && rule.Before is not null)
        {
            Paragraph.Write(indent + Paragraph.Styled("before: ", Paragraph.Dim), column + 8, Shorten(rule.Before));
            if (rule.After is not null)
            {
                Paragraph.Write(indent + Paragraph.Styled("after:  ", Paragraph.Dim), column + 8, Shorten(rule.After));
            }
        }

        if (rule is { State: RuleState.Failed, Remedy: not null })
        {
            Paragraph.Write(indent + "→ ", column + 2, rule.Remedy);
        }
    }

    private static (string Word, string Style) State(RuleReport rule) => rule.State switch
    {
        RuleState.Ok => ("ok", Paragraph.Green),
        RuleState.Fixed => ("fixed", Paragraph.Green),
        RuleState.WouldFix => ("would fix", Paragraph.Yellow),
        RuleState.Failed => rule.Severity switch
        {
            RuleSeverity.Error => ("FAILED", Paragraph.Red),
            RuleSeverity.Warning => ("warning", Paragraph.Yellow),
            _ => ("info", Paragraph.Dim),
        },
        RuleState.Skipped => ("skipped", Paragraph.Dim),
        _ => ("n/a", Paragraph.Dim),
    };

    private static void Counts(ImageReport report)
    {
        if (report.Rules.Count == 0)
        {
            return;
        }

        var failed = report.Rules.Where(r => r.State == RuleState.Failed).ToList();
        string?[] counts =
        [
            Count(failed.Count(r => r.Severity == RuleSeverity.Error), "failed"),
            Count(failed.Count(r => r.Severity == RuleSeverity.Warning), "warning", "warnings"),
            Count(failed.Count(r => r.Severity == RuleSeverity.Info), "info", "infos"),
            Count(report.Rules.Count(r => r.State == RuleState.Fixed), "fixed"),
            Count(report.Rules.Count(r => r.State == RuleState.WouldFix), "would be fixed"),
            Count(report.Rules.Count(r => r.State == RuleState.Ok), "ok"),
            Count(Left(report), report.Result == ImageResult.Refused ? "not reached" : "left out"),
            Count(report.Rules.Count(r => r.State == RuleState.NotApplicable), "not applicable"),
        ];
        Console.Out.WriteLine($"  {string.Join(", ", counts.Where(c => c is not null))}{(ShowsAll ? "" : " (--all lists every rule)")}");
    }

    private static string? Count(int count, string word, string? words = null) =>
        count == 0 ? null : $"{count} {(count == 1 ? word : words ?? word)}";

    private static int Left(ImageReport report) => report.Rules.Count(r => r.State == RuleState.Skipped);

    private static void Changes(ImageReport report)
    {
        var changes = report.Changes;
        var any = changes is not null && (changes.FilesAdded | changes.FilesReplaced | changes.RegistryValues) != 0;
        if (changes is not null && any)
        {
            var would = report.DryRun == true ? "would be " : "";
            Console.Out.WriteLine(
                $"  {changes.FilesAdded} files {would}added, {changes.FilesReplaced} {would}replaced, {changes.RegistryValues} registry "
                    + $"values {would}changed"
                + (changes.BytesWritten > 0 ? $", {ByteSize.Text(changes.BytesWritten)} written" : ""));
        }
        else if (changes is not null
                && report is { OutputFile: null, Result: ImageResult.Ready or ImageResult.RulesPass or ImageResult.NotReady })
        {
            Console.Out.WriteLine("  nothing needed to be changed; nothing was written");
        }

        if (any && report is { Result: ImageResult.NotReady, DryRun: not true })
        {
            var repaired = report.Rules.Count(r => r.State == RuleState.Fixed);
            var open = report.Rules.Count(r => r is { State: RuleState.Failed, Severity: RuleSeverity.Error });
            Console.Out.WriteLine($"  {repaired} of {repaired + open} defects were repaired and written; "
                + $"{open} remain{(open == 1 ? "s" : "")}, as shown above");
        }

        if (report.OutputFile is not null)
        {
            Paragraph.Write("  fixed copy: ", 14, report.OutputFile);
        }

        if (report.UndoFile is not null)
        {
            Paragraph.Write("  to undo: ", 11, Commands.EditArguments.UndoCommandLine(report.Path, report.UndoFile));
        }
    }

    private static void Verdict(ImageReport report)
    {
        var style = report.Result switch
        {
            ImageResult.Ready or ImageResult.RulesPass => Paragraph.Green,
            ImageResult.WouldBeReady => Paragraph.Yellow,
            ImageResult.Inspected or ImageResult.Skipped => Paragraph.Dim,
            _ => Paragraph.Red,
        };
        var why = report.Error is { } error ? $" ({error.Code})" : "";
        Console.Out.WriteLine($"{Paragraph.Styled(report.Path, Paragraph.Bold)}: "
            + $"{Paragraph.Styled(Word(report), style)}{why}{(IsQuiet ? "" : $" ({report.ElapsedMs} ms)")}");
    }

    private static string Shorten(string value) => value.Length > Longest ? value[..Longest] + "…" : value;

    private static string Facts(ImageReport report)
    {
        string?[] facts =
        [
            report.Format is null ? null : report.Subformat is null ? report.Format : $"{report.Format} ({report.Subformat})",
            report.VirtualSize is { } size ? ByteSize.Text(size) : null,
            report.Firmware,
            report.Windows is { } windows ? $"{windows.ProductName} {windows.Version} build {windows.Build} {windows.Arch}" : null,
            report.Target is null ? null : $"target {report.Target}",
        ];
        return string.Join(" · ", facts.Where(f => !string.IsNullOrWhiteSpace(f)));
    }
}
