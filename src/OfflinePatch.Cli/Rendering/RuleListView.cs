using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Cli.Rendering;

/// <summary>What <c>rules</c> prints.</summary>
internal static class RuleListView
{
    public static void Print(TargetProfile profile, IReadOnlyList<RuleDescription> rules)
    {
        Paragraph.Write($"{Paragraph.Styled(profile.Id, Paragraph.Bold)}: ", profile.Id.Length + 2,
            $"{profile.Title}. {profile.Description}");
        foreach (var rule in rules)
        {
            var kind = rule.Gate ? "gate" : rule.Severity.ToString().ToLowerInvariant();
            Console.Out.WriteLine();
            Paragraph.Write($"{Paragraph.Styled(rule.Id, Paragraph.Bold)} ", rule.Id.Length + 1,
                $"({kind}{(rule.CanFix ? ", fix" : "")}): {rule.Title}");
            Paragraph.Write("  ", 2, rule.Changes);
            Paragraph.Write(Paragraph.Styled("  source: ", Paragraph.Dim), 10, rule.Source);
        }
    }
}
