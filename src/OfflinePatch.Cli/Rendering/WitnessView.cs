using System.Globalization;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Rendering;

/// <summary>Shows how far machines came.</summary>
internal static class WitnessView
{
    /// <summary>Prints each image with its starts; of several images a matrix at the end.</summary>
    public static void Print(IReadOnlyList<WitnessReport> reports, TimeSpan elapsed)
    {
        foreach (var report in reports)
        {
            if (!Output.IsQuiet)
            {
                PrintOne(report);
            }

            Output.Line($"{report.Path}: {HtmlWitnessReport.Word(report.Result)}");
        }

        if (reports.Count > 1)
        {
            PrintMatrix(reports);
            Output.Line(string.Create(CultureInfo.InvariantCulture,
                $"{reports.Count} images: {reports.Count(r => r.Result == WitnessOutcome.Started)} started; {elapsed.TotalSeconds:0} s"));
        }
    }

    private static void PrintOne(WitnessReport report)
    {
        if (report.Error is { } error)
        {
            Output.Message(error.Message, error.Remedy);
            return;
        }

        Output.Line(report.Path);
        Output.Line($"  {report.Windows?.ProductName ?? "no Windows that can be read"}, {report.Firmware}, {report.Format}; script: "
            + report.Script);
        foreach (var run in report.Runs)
        {
            Output.Line(string.Create(CultureInfo.InvariantCulture,
                $"  {run.Bus,-11}  {HtmlWitnessReport.Word(run.Result),-11}  {run.Seconds,5:0} s  {run.Evidence}"));
        }
    }

    private static void PrintMatrix(IReadOnlyList<WitnessReport> reports)
    {
        var buses = reports.SelectMany(r => r.Runs).Select(r => r.Bus).Distinct().ToList();
        Output.Line("");
        Output.Line($"{string.Concat(buses.Select(b => $"{b,-13}"))}image");
        foreach (var report in reports)
        {
            var words = buses.Select(b => report.Runs.FirstOrDefault(r => r.Bus == b) is { } run
                ? HtmlWitnessReport.Word(run.Result)
                : HtmlWitnessReport.Word(report.Result));
            Output.Line($"{string.Concat(words.Select(w => $"{w,-13}"))}{report.Path}");
        }
    }
}
