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
        catch (Exception e)
        {
            // Even a bug that one image brings out must not cost the others their report: some may be committed already.
            var code = CommandGuard.ExitCodeOf(e);
            var coded = e as ICodedError;
            var error = code switch
            {
                null => new ErrorReport(CommandGuard.InternalErrorCode, CommandGuard.InternalErrorText(e), "Please report it, with the image if you can."),
                ExitCode.Cancelled => new ErrorReport("CLI-0001", "Cancelled; nothing was changed.", null),
                _ => new ErrorReport(coded?.Code ?? "CLI-0002", e.Message, coded?.Remedy),
            };
            return new BatchOutcome(
                new ImageReport
                {
                    Path = path,
                    Result = e is RefusedException ? ImageResult.Refused : ImageResult.Error,
                    Error = error,
                    ElapsedMs = watch.ElapsedMilliseconds,
                },
                code ?? ExitCode.Unreadable);
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
