using System.Globalization;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Rendering;

/// <summary>The last lines of a batch: how many images had which result, and which are not ready.</summary>
internal static class BatchSummary
{
    public static void Print(IReadOnlyList<ImageReport> reports, TimeSpan elapsed)
    {
        if (reports.Count == 0)
        {
            Output.Line("no images");
            return;
        }

        if (!RuleTable.IsQuiet)
        {
            foreach (var report in reports.Where(
                r => r.Result is ImageResult.NotReady or ImageResult.Refused or ImageResult.Error or ImageResult.Cancelled))
            {
                Output.Line($"{report.Path}: {RuleTable.Word(report)}{(report.Error is { } error ? $" ({error.Code})" : "")}");
            }
        }

        var counts = reports.GroupBy(r => Word(r.Result)).OrderBy(g => g.Min(r => r.Result)).Select(g => $"{g.Count()} {g.Key}");
        Output.Line(string.Create(CultureInfo.InvariantCulture,
            $"{reports.Count} images: {string.Join(", ", counts)}; {elapsed.TotalSeconds:0.0} s"));
    }

    private static string Word(ImageResult result) => result switch
    {
        ImageResult.Ready => "ready",
        ImageResult.WouldBeReady => "would be ready",
        ImageResult.RulesPass => "pass the chosen rules",
        ImageResult.Inspected => "inspected",
        ImageResult.NotReady => "not ready",
        ImageResult.Refused => "refused",
        ImageResult.Skipped => "passed over",
        ImageResult.Cancelled => "cancelled",
        _ => "failed",
    };
}
