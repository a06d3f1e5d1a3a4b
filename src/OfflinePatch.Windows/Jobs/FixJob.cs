using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Jobs;

/// <summary>Makes an image ready: in place, as a fixed copy, or only in a dry run. What is written is written as one transaction.</summary>
public static class FixJob
{
    /// <summary>Fixes one image.</summary>
    /// <param name="path">The image.</param>
    /// <param name="request">What to do.</param>
    /// <param name="cancellation">Looked at until the first byte is written.</param>
    /// <returns>What every rule found and did. When a gate refused the image, or nothing was to be done, nothing was written.</returns>
    /// <exception cref="CorruptImageException">The image, or the result, is damaged. Nothing was written.</exception>
    /// <exception cref="UnsupportedImageException">The image or a source is of no known kind. Nothing was written.</exception>
    /// <exception cref="RefusedException">An option is required, or a source would do harm. Nothing was written.</exception>
    /// <exception cref="IOException">The host failed; the image is unchanged or rolled back.</exception>
    /// <exception cref="OperationCanceledException">Cancelled. Nothing was written.</exception>
    public static ImageReport Fix(string path, FixRequest request, CancellationToken cancellation = default)
    {
        using var sources = OpenedSources.Open(request.Rules);
        return Fix(path, request, sources, cancellation);
    }

    /// <summary>
    /// <see cref="Fix(string, FixRequest, CancellationToken)"/> on a thread of the pool, for callers that must not block: a service, or a
    /// window. The work itself waits for files like any synchronous code, so many images at a time need as many threads.
    /// </summary>
    /// <inheritdoc cref="Fix(string, FixRequest, CancellationToken)"/>
    public static Task<ImageReport> FixAsync(string path, FixRequest request, CancellationToken cancellation = default) =>
        Task.Run(() => Fix(path, request, cancellation), cancellation);

    /// <summary>Fixes one of several images, with sources that are opened once for all of them.</summary>
    /// <param name="path">The image.</param>
    /// <param name="request">What to do.</param>
    /// <param name="opened">The sources of the request. Not to be used by two threads at a time.</param>
    /// <param name="cancellation">Looked at until the first byte is written.</param>
    /// <inheritdoc cref="Fix(string, FixRequest, CancellationToken)" path="/exception"/>
    public static ImageReport Fix(string path, FixRequest request, OpenedSources opened, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return FixOnce(path, request, opened, cancellation);
            }
            catch (RefusedRuleException refused)
            {
                // Half of a fix must not stay: everything is dropped, and done again without that rule. Each round leaves out one more of
                // them.
                request.Open.Trace?.Invoke($"rule {refused.RuleId} is left out: {refused.Message}");
                request = request with
                {
                    Rules = request.Rules with
                    {
                        RefusedRules = new Dictionary<string, string>(request.Rules.RefusedRules) { [refused.RuleId] = refused.Message },
                    },
                };
            }
        }
    }

    private static ImageReport FixOnce(string path, FixRequest request, OpenedSources opened, CancellationToken cancellation)
    {
        var sources = opened.Sources;
        var trace = request.Open.Trace;
        trace?.Invoke($"opening {path}");
        using var transaction = request.Open.OpenTransaction(path, writable: !request.DryRun && request.Output is null);
        using var copyStorage = new OverlayStorage();
        using var session = FixedCopy.OpenSession(transaction, request.Open, request.Output, copyStorage);
        var context = new RuleContext
        {
            Machine = session.Machine,
            Request = request.Rules,
            Sources = sources,
            OutputFormat = request.Output?.Format,
            FileSize = transaction.HostLength,
            HasParents = transaction.HasParents,
            Cancellation = cancellation,
        };
        trace?.Invoke($"opened: {session.Machine.Disk.Format.ToString().ToLowerInvariant()}, {session.Machine.Disk.Length} bytes, "
            + $"{session.Machine.Volumes.Count} volumes");
        var report = RuleRunner.Fix(session, context, request.DryRun);
        report = report with
        {
            AllocatedSize = transaction.HostPaths.Sum(HostPaths.AllocatedLength),
            Notes = [.. report.Notes, .. transaction.HostNotes],
        };
        cancellation.ThrowIfCancellationRequested();
        if (request.DryRun || report.Result == ImageResult.Refused)
        {
            return report;
        }

        if (!request.Rules.SkipRefused && UnusableSource(report, sources) is { } rule)
        {
            return WithoutWriting(report) with { Result = ImageResult.Refused, Error = JobError.UnusableSource(rule) };
        }

        if (request.RequireReady && report.Result is not (ImageResult.Ready or ImageResult.RulesPass))
        {
            return WithoutWriting(report) with
            {
                Notes = [.. report.Notes, "--require-ready: the result would not be ready, so nothing was written."],
            };
        }

        trace?.Invoke(request.Output is { } copied ? $"writing {copied.Path}" : "writing the image");
        return request.Output is { } output
            ? FixedCopy.Write(session.Machine.Disk, transaction, request.Open, output, report, cancellation)
            : Commit(report, transaction, cancellation);
    }

    private static ImageReport WithoutWriting(ImageReport report) => report with
    {
        Rules = [.. report.Rules.Select(r => r.State == RuleState.Fixed ? r with { State = RuleState.WouldFix } : r)],
        Changes = null,
    };

    /// <summary>
    /// A rule that has the source it needs and still fails: the user named the wrong one. A partial fix would look complete, so
    /// nothing is kept.
    /// </summary>
    private static RuleReport? UnusableSource(ImageReport report, RuleSources sources) => !sources.HasDrivers
        ? null
        : report.Rules.FirstOrDefault(r => r is { State: RuleState.Failed, Severity: RuleSeverity.Error }
            && RuleCatalog.Find(r.Id) is { UsesDriverSources: true, MayLackSource: false });

    private static ImageReport Commit(ImageReport report, ImageTransaction transaction, CancellationToken cancellation)
    {
        var result = ImageEdit.Commit(transaction, cancellation);
        return report with
        {
            UndoFile = result.UndoFile,
            Changes = (report.Changes ?? new ChangesReport(0, 0, 0, 0)) with { BytesWritten = result.BytesWritten },
        };
    }
}
