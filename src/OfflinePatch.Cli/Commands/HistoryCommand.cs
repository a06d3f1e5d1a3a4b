using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Rendering;

namespace OfflinePatch.Cli.Commands;

/// <summary>
/// What <c>undo</c> and <c>recover</c> have in common: one image after the other; a failure of one does not stop the others.
/// </summary>
internal static class HistoryCommand
{
    /// <summary>Runs <paramref name="work"/> over images, and returns the highest exit code.</summary>
    public static int Run(ParseResult result, IReadOnlyList<string> paths, Func<string, ImageHistoryReport> work,
        CancellationToken cancellation)
    {
        var asJson = HistoryView.IsSilent = GlobalOptions.WantsJson(result);
        var reports = new List<ImageHistoryReport>();
        var code = ExitCode.Done;
        foreach (var path in paths)
        {
            try
            {
                cancellation.ThrowIfCancellationRequested();
                RunLog.Trace?.Invoke($"{CommandGuard.Command} {path}");
                reports.Add(work(path));
                if (!asJson)
                {
                    HistoryView.Print(reports[^1]);
                }
            }
            catch (Exception e) when (paths.Count > 1 && CommandGuard.ExitCodeOf(e) is { } failed)
            {
                var error = CommandGuard.Describe(e);
                reports.Add(new ImageHistoryReport(path, "error") { Error = error });
                code = Math.Max(code, failed);
                Output.Message($"{path}: {e.Message}", error.Remedy);
            }
        }

        if (asJson)
        {
            DocumentJson.Print(new HistoryDocument(CommandGuard.Command, reports));
        }

        return code;
    }
}
