using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;
using Spectre.Console;

namespace OfflinePatch.Cli.Rendering;

/// <summary>The table of <c>fix</c> and <c>check</c>: verdict, then what every rule found, before and after, the remedy under each failure.</summary>
internal static class RuleTable
{
    public static void Print(ImageReport report)
    {
        var console = Terminal.Out;
        console.MarkupLine($"[bold]{report.Path.Shown()}[/]: {Headline(report)}");
        if (Facts(report) is { Length: > 0 } facts)
        {
            console.MarkupLine($"  {facts.Shown()}");
        }

        foreach (var note in report.Notes)
        {
            console.MarkupLine($"  note: {note.Shown()}");
        }

        if (report.Error is { } error)
        {
            console.MarkupLine($"  [red]{error.Message.Shown()}[/]");
            if (error.Remedy is not null)
            {
                console.MarkupLine($"  {error.Remedy.Shown()}");
            }
        }

        if (report.Rules.Any(r => r.State is not (RuleState.Skipped or RuleState.NotApplicable)))
        {
            PrintRules(console, report.Rules);
        }

        PrintEnd(console, report);
        console.WriteLine();
    }

    private static void PrintRules(IAnsiConsole console, IReadOnlyList<RuleReport> rules)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn("").AddColumn("rule").AddColumn("finding");
        var gates = rules.Count(r => r is { Gate: true, State: RuleState.Ok or RuleState.NotApplicable });
        if (gates > 0)
        {
            table.AddRow("[green]ok[/]", "gates", $"{gates} passed: nothing speaks against changing this image");
        }

        foreach (var rule in rules.Where(r => r.State != RuleState.NotApplicable && !(r is { Gate: true, State: RuleState.Ok })))
        {
            table.AddRow(new Markup(StateOf(rule)), Output.Cell(rule.Id), new Markup(Finding(rule)));
        }

        console.Write(table);
    }

    private static string Finding(RuleReport rule)
    {
        var text = rule.Message.Shown();
        if (rule.State is RuleState.Fixed or RuleState.WouldFix && rule.Before is not null)
        {
            text += $"\n[dim]before: {Shorten(rule.Before)}[/]";
            text += rule.After is null ? "" : $"\n[dim]after:  {Shorten(rule.After)}[/]";
        }

        return rule is { State: RuleState.Failed, Remedy: not null } ? $"{text}\n→ {rule.Remedy.Shown()}" : text;
    }

    private static string Shorten(string value)
    {
        const int limit = 400;
        return (value.Length > limit ? value[..limit] + "…" : value).Shown();
    }

    private static string StateOf(RuleReport rule) => rule.State switch
    {
        RuleState.Ok => "[green]ok[/]",
        RuleState.Fixed => "[green bold]fixed[/]",
        RuleState.WouldFix => "[yellow]would fix[/]",
        RuleState.Failed => rule.Severity switch
        {
            RuleSeverity.Error => "[red bold]FAILED[/]",
            RuleSeverity.Warning => "[yellow]warning[/]",
            _ => "info",
        },
        _ => "[dim]skipped[/]",
    };

    private static string Headline(ImageReport report) => report.Result switch
    {
        ImageResult.Ready => "[green bold]ready[/]",
        ImageResult.NotReady => "[red bold]not ready[/]",
        ImageResult.Refused => "[red bold]refused, nothing was written[/]",
        _ => "[red bold]error[/]",
    };

    private static string Facts(ImageReport report)
    {
        string?[] facts =
        [
            report.Format is null ? null : report.Subformat is null ? report.Format : $"{report.Format} ({report.Subformat})",
            report.VirtualSize is { } size ? Sizes.Text(size) : null,
            report.Firmware,
            report.Windows is { } windows ? $"{windows.ProductName} {windows.Version} build {windows.Build} {windows.Arch}" : null,
            report.Target is null ? null : $"target {report.Target}",
        ];
        return string.Join(" · ", facts.Where(f => !string.IsNullOrWhiteSpace(f)));
    }

    private static void PrintEnd(IAnsiConsole console, ImageReport report)
    {
        if (report.Changes is { } changes && (changes.FilesAdded | changes.FilesReplaced | changes.RegistryValues) != 0)
        {
            console.MarkupLine(
                $"  {changes.FilesAdded} files added, {changes.FilesReplaced} replaced, {changes.RegistryValues} registry values changed"
                + (changes.BytesWritten > 0 ? $", {Sizes.Text(changes.BytesWritten)} written" : ""));
        }

        if (report.OutputFile is not null)
        {
            console.MarkupLine($"  fixed copy: {report.OutputFile.Shown()}");
        }

        if (report.UndoFile is not null)
        {
            console.MarkupLine($"  to undo: {Commands.EditArguments.UndoCommandLine(report.Path, report.UndoFile).Shown()}");
        }

        console.MarkupLine($"  [dim]{report.ElapsedMs} ms[/]");
    }
}
