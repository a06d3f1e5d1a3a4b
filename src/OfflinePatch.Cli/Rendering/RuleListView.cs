using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Targets;
using Spectre.Console;

namespace OfflinePatch.Cli.Rendering;

/// <summary>What <c>rules</c> prints.</summary>
internal static class RuleListView
{
    public static void Print(TargetProfile profile, IReadOnlyList<RuleDescription> rules)
    {
        var console = Terminal.Out;
        console.MarkupLine($"[bold]{profile.Id.EscapeMarkup()}[/]: {profile.Title.EscapeMarkup()}. {profile.Description.EscapeMarkup()}");
        foreach (var rule in rules)
        {
            var kind = rule.Gate ? "gate" : rule.Severity.ToString().ToLowerInvariant();
            console.MarkupLine($"\n[bold]{rule.Id.EscapeMarkup()}[/] ({kind}{(rule.CanFix ? ", fix" : "")}): {rule.Title.EscapeMarkup()}");
            console.MarkupLine($"  {rule.Changes.EscapeMarkup()}");
            console.MarkupLine($"  [dim]source: {rule.Source.EscapeMarkup()}[/]");
        }
    }
}
