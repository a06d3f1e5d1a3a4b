using System.Diagnostics;
using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Batch;

/// <summary>Runs one job over several images, a few at a time, in the order of the command line. One bad image does not stop the others.</summary>
internal static class BatchRunner
{
    private const int StackSize = 16 * 1024 * 1024;
    private const int Grace = 100; // ms for jobs that look at their token to end by themselves

    /// <summary>
    /// The reports in the order of <paramref name="paths"/>, and the highest exit code. When it is cancelled, an image that is being written is finished; jobs that wait
    /// for anything else are left behind, and their images are as they were.
    /// </summary>
    public static BatchResult Run(IReadOnlyList<string> paths, int jobs, Func<string, CancellationToken, ImageReport> job, CancellationToken cancellation)
    {
        var outcomes = new BatchOutcome?[paths.Count];
        var next = -1;
        using var progress = new BatchProgress(paths.Count);
        using var ended = new CountdownEvent(Math.Min(jobs, paths.Count));
        for (var worker = 0; worker < ended.InitialCount; worker++)
        {
            new Thread(Work, StackSize) { IsBackground = true }.Start();
        }

        WaitHandle.WaitAny([ended.WaitHandle, cancellation.WaitHandle]);
        if (cancellation.IsCancellationRequested)
        {
            Interruption.IsHandled = true;
            for (var waited = ended.Wait(Grace, CancellationToken.None); !waited && HostProcess.IsWriting; waited = ended.Wait(20, CancellationToken.None))
            {
            }
        }

        lock (outcomes)
        {
            var all = outcomes.Select((o, i) => o ?? Fail(paths[i], new OperationCanceledException(), 0)).ToList();
            return new BatchResult([.. all.Select(o => o.Report)], all.Max(o => o.ExitCode));
        }

        void Work()
        {
            int index;
            while ((index = Interlocked.Increment(ref next)) < paths.Count)
            {
                progress.Start(paths[index]);
                var outcome = RunOne(paths[index], job, cancellation);
                lock (outcomes)
                {
                    outcomes[index] = outcome;
                }

                progress.Finish(paths[index]);
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
            return Fail(path, e, watch.ElapsedMilliseconds);
        }
    }

    private static BatchOutcome Fail(string path, Exception e, long elapsedMs)
    {
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
                ElapsedMs = elapsedMs,
            },
            code ?? ExitCode.Unreadable);
    }

    private static int ExitCodeOf(ImageResult result) => result switch
    {
        ImageResult.Ready or ImageResult.WouldBeReady or ImageResult.RulesPass or ImageResult.Inspected => ExitCode.Done,
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
