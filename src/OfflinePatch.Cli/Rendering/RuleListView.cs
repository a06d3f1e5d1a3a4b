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
        console.MarkupLine($"[bold]{profile.Id.Shown()}[/]: {profile.Title.Shown()}. {profile.Description.Shown()}");
        foreach (var rule in rules)
        {
            var kind = rule.Gate ? "gate" : rule.Severity.ToString().ToLowerInvariant();
            console.MarkupLine($"\n[bold]{rule.Id.Shown()}[/] ({kind}{(rule.CanFix ? ", fix" : "")}): {rule.Title.Shown()}");
            console.MarkupLine($"  {rule.Changes.Shown()}");
            console.MarkupLine($"  [dim]source: {rule.Source.Shown()}[/]");
        }
    }
}
