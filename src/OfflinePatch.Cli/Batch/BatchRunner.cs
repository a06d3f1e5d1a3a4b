using System.Diagnostics;
using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Batch;

/// <summary>Runs one job over several images, a few at a time. One bad image does not stop the others.</summary>
internal static class BatchRunner
{
    /// <summary>The reports in the order of <paramref name="paths"/>, and the highest exit code.</summary>
    public static BatchResult Run(IReadOnlyList<string> paths, int jobs, Func<string, CancellationToken, ImageReport> job, CancellationToken cancellation)
    {
        var outcomes = new BatchOutcome[paths.Count];
        using var progress = new BatchProgress(paths.Count);
        Parallel.For(0, paths.Count, new ParallelOptions { MaxDegreeOfParallelism = jobs }, i =>
        {
            progress.Start(paths[i]);
            outcomes[i] = RunOne(paths[i], job, cancellation);
            progress.Finish(paths[i]);
        });
        return new BatchResult([.. outcomes.Select(o => o.Report)], outcomes.Max(o => o.ExitCode));
    }

    private static BatchOutcome RunOne(string path, Func<string, CancellationToken, ImageReport> job, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        try
        {
            cancellation.ThrowIfCancellationRequested();
            var report = job(path, cancellation);
            return new BatchOutcome(report with { ElapsedMs = watch.ElapsedMilliseconds }, ExitCodeOf(report.Result));
        }
        catch (Exception e) when (CommandGuard.ExitCodeOf(e) is not null)
        {
            var code = CommandGuard.ExitCodeOf(e)!.Value;
            var coded = e as ICodedError;
            var error = new ErrorReport(
                coded?.Code ?? (code == ExitCode.Cancelled ? "CLI-0001" : "CLI-0002"),
                code == ExitCode.Cancelled ? "Cancelled; nothing was changed." : e.Message,
                coded?.Remedy);
            return new BatchOutcome(
                new ImageReport
                {
                    Path = path,
                    Result = e is RefusedException ? ImageResult.Refused : ImageResult.Error,
                    Error = error,
                    ElapsedMs = watch.ElapsedMilliseconds,
                },
                code);
        }
    }

    private static int ExitCodeOf(ImageResult result) => result switch
    {
        ImageResult.Ready => ExitCode.Done,
        ImageResult.NotReady => ExitCode.NotReady,
        ImageResult.Refused => ExitCode.Refused,
        _ => ExitCode.Unreadable,
    };

    private readonly record struct BatchOutcome(ImageReport Report, int ExitCode);
}

/// <summary>What a batch came to.</summary>
/// <param name="Reports">One for each image, in the order of the command line.</param>
/// <param name="ExitCode">The highest exit code.</param>
internal readonly record struct BatchResult(IReadOnlyList<ImageReport> Reports, int ExitCode);
