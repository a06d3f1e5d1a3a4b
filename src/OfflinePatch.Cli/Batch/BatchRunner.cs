using System.Diagnostics;
using System.Runtime.ExceptionServices;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Batch;

/// <summary>
/// Runs one job over several images, a few at a time, in the order of the command line. One bad image does not stop the others.
/// </summary>
internal static class BatchRunner
{
    private const int StackSize = 16 * 1024 * 1024;
    private const int Grace = 100; // ms for jobs that look at their token to end by themselves

    /// <summary>
    /// The reports in the order of the images, and the highest exit code. When it is cancelled, an image that is being written is finished;
    /// jobs that wait for anything else are left behind, and their images are as they were.
    /// </summary>
    public static BatchResult Run(BatchRequest request, CancellationToken cancellation)
    {
        var paths = request.Images;
        if (paths.Count == 0)
        {
            return new BatchResult([], ExitCode.Done);
        }

        var outcomes = new BatchOutcome?[paths.Count];
        var next = -1;
        var failed = 0;
        ExceptionDispatchInfo? lost = null; // what receives results failed: the work continues, and that is reported at the end
        using var progress = new BatchProgress(paths.Count, request.Word);
        using var ended = new CountdownEvent(Math.Min(request.Jobs, paths.Count));
        for (var worker = 0; worker < ended.InitialCount; worker++)
        {
            new Thread(Work, StackSize) { IsBackground = true }.Start();
        }

        WaitHandle.WaitAny([ended.WaitHandle, cancellation.WaitHandle]);
        if (cancellation.IsCancellationRequested)
        {
            Interruption.IsHandled = true;
            for (var waited = ended.Wait(Grace, CancellationToken.None); !waited
                && HostProcess.IsWriting; waited = ended.Wait(20, CancellationToken.None))
            {
            }
        }

        lock (outcomes)
        {
            for (var i = 0; i < outcomes.Length; i++)
            {
                if (outcomes[i] is null)
                {
                    Finish(i, Fail(paths[i], new OperationCanceledException(), 0));
                }
            }

            lost?.Throw();
            return new BatchResult([.. outcomes.Select(o => o!.Value.Report)], outcomes.Max(o => o!.Value.ExitCode));
        }

        void Work()
        {
            int index;
            while ((index = Interlocked.Increment(ref next)) < paths.Count)
            {
                if (request.FailFast && Volatile.Read(ref failed) != 0)
                {
                    lock (outcomes)
                    {
                        Finish(index,
                            new BatchOutcome(Skipped(paths[index], "Not started: an earlier image failed, and --fail-fast was given."),
                                ExitCode.Done));
                    }

                    continue;
                }

                progress.Start(paths[index]);
                var outcome = RunOne(paths[index], request.Job, cancellation);
                if (outcome.ExitCode != ExitCode.Done)
                {
                    Volatile.Write(ref failed, 1);
                }

                progress.Finish(paths[index], outcome.Report);
                lock (outcomes)
                {
                    // What ends after a cancellation was reported is not reported twice.
                    if (outcomes[index] is null)
                    {
                        Finish(index, outcome);
                    }
                }
            }

            try
            {
                ended.Signal();
            }
            catch (ObjectDisposedException)
            {
                // Left behind after a cancellation.
            }
        }

        void Finish(int index, BatchOutcome outcome)
        {
            // What is kept of a thousand images is a few words each, unless all of it is needed in the end.
            outcomes[index] = request.KeepsReports ? outcome : outcome with { Report = Brief(outcome.Report) };
            try
            {
                request.Finished?.Invoke(index, outcome.Report);
            }
            catch (Exception e)
            {
                // A failing receiver of results (full disk, closed pipe) must not stop the work on the others: it is thrown when all have
                // ended.
                lost ??= ExceptionDispatchInfo.Capture(e);
            }
        }
    }

    /// <summary>The report of an image that was skipped.</summary>
    public static ImageReport Skipped(string path, string why) => new() { Path = path, Result = ImageResult.Skipped, Notes = [why] };

    private static ImageReport Brief(ImageReport report) => new()
    {
        Path = report.Path,
        Result = report.Result,
        DryRun = report.DryRun,
        OutputFile = report.OutputFile,
        UndoFile = report.UndoFile,
        Changes = report.Changes is { } changes ? changes with { Registry = [], Files = [] } : null,
        Error = report.Error,
        ElapsedMs = report.ElapsedMs,
    };

    private static BatchOutcome RunOne(string path, Func<string, CancellationToken, ImageReport> job, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        try
        {
            cancellation.ThrowIfCancellationRequested();
            using var stage = RunActivity.Stage("image", path);
            var report = job(path, cancellation);
            return new BatchOutcome(report with { ElapsedMs = watch.ElapsedMilliseconds }, ExitCodeOf(report.Result));
        }
        catch (Exception e)
        {
            // Even a bug that one image triggers must not cost the others their report: some may be committed already.
            return Fail(path, e, watch.ElapsedMilliseconds);
        }
    }

    private static BatchOutcome Fail(string path, Exception e, long elapsedMs)
    {
        var code = CommandGuard.ExitCodeOf(e);
        var error = code switch
        {
            null => new ErrorReport(CommandGuard.InternalErrorCode, CommandGuard.InternalErrorText(e), CommandGuard.InternalErrorRemedy),
            ExitCode.Cancelled => new ErrorReport(CommandGuard.CancelledCode, "cancelled; this image was not changed"),
            _ => CommandGuard.Describe(e),
        };
        return new BatchOutcome(
            new ImageReport
            {
                Path = path,
                Result = e is RefusedException ? ImageResult.Refused
                    : code == ExitCode.Cancelled ? ImageResult.Cancelled
                    : ImageResult.Error,
                Error = error,
                ElapsedMs = elapsedMs,
            },
            code ?? ExitCode.Unreadable);
    }

    /// <summary>The exit code of one image.</summary>
    public static int ExitCodeOf(ImageResult result) => result switch
    {
        ImageResult.Ready or ImageResult.WouldBeReady or ImageResult.RulesPass or ImageResult.Inspected or ImageResult.Skipped =>
            ExitCode.Done,
        ImageResult.NotReady => ExitCode.NotReady,
        ImageResult.Refused => ExitCode.Refused,
        ImageResult.Cancelled => ExitCode.Cancelled,
        _ => ExitCode.Unreadable,
    };

    private readonly record struct BatchOutcome(ImageReport Report, int ExitCode);
}

/// <summary>What a batch is to do.</summary>
/// <param name="Images">The images, in order.</param>
/// <param name="Jobs">How many are worked on at once.</param>
/// <param name="Job">The work on one.</param>
internal sealed record BatchRequest(IReadOnlyList<string> Images, int Jobs, Func<string, CancellationToken, ImageReport> Job)
{
    /// <summary>Whether no further image is begun after one failed.</summary>
    public bool FailFast { get; init; }

    /// <summary>Whether whole reports are returned; otherwise a few words of each.</summary>
    public bool KeepsReports { get; init; } = true;

    /// <summary>What the progress reports for an image that is finished.</summary>
    public Func<ImageReport, string> Word { get; init; } = RuleTable.Word;

    /// <summary>Receives the number of each image and its whole report, as it is finished; by one thread at a time. Or null.</summary>
    public Action<int, ImageReport>? Finished { get; init; }
}

/// <summary>The result of a batch.</summary>
/// <param name="Reports">One for each image, in the order of the command line.</param>
/// <param name="ExitCode">The highest exit code.</param>
internal readonly record struct BatchResult(IReadOnlyList<ImageReport> Reports, int ExitCode);
