using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Jobs;

/// <summary>Makes an image ready: in place, as a fixed copy, or only in a dry run. All or nothing.</summary>
public static class FixJob
{
    /// <summary>Fixes one image.</summary>
    /// <param name="path">The image.</param>
    /// <param name="request">What to do.</param>
    /// <param name="cancellation">Looked at until the first byte is written.</param>
    /// <returns>What every rule found and did. When a gate refused the image, or nothing was to be done, nothing was written.</returns>
    /// <exception cref="CorruptImageException">The image, or the result, is damaged. Nothing was written.</exception>
    /// <exception cref="UnsupportedImageException">The image or a source is of no known kind. Nothing was written.</exception>
    /// <exception cref="RefusedException">An option is needed first, or a source would do harm. Nothing was written.</exception>
    /// <exception cref="IOException">The host failed; the image is unchanged or rolled back.</exception>
    /// <exception cref="OperationCanceledException">Cancelled. Nothing was written.</exception>
    public static ImageReport Fix(string path, ImageRequest request, CancellationToken cancellation)
    {
        using var sources = RuleSources.Open(request);
        using var transaction = ImageTransaction.Open(path, new TransactionOptions
        {
            Writable = !request.DryRun && request.OutputPath is null,
            AllowParents = request.AllowBacking,
            UndoFolder = request.UndoFolder,
            KeepUndo = request.KeepUndo,
        });
        var disk = DiskFormats.Open(transaction);
        var inPlace = request.OutputPath is null;
        if (inPlace && disk.WhyNotInPlace is { } reason)
        {
            disk.Dispose();
            throw JobError.NotInPlace(path, reason);
        }

        if (!inPlace)
        {
            FixedCopy.Check(disk, transaction, request);
        }

        using var copyStorage = new OverlayStorage();
        using var session = ImageSession.Open(
            transaction,
            inPlace ? disk : new OverlayDisk(disk, copyStorage),
            request.Session);
        var report = RuleRunner.Fix(session, sources.ContextOf(session.Machine, request, transaction.HostLength), request.Selection, request.DryRun);
        cancellation.ThrowIfCancellationRequested();
        if (request.DryRun || report.Result == ImageResult.Refused)
        {
            return report;
        }

        if (UnusableSource(report, request) is { } rule)
        {
            return report with
            {
                Result = ImageResult.Refused,
                Error = JobError.UnusableSource(rule),
                Rules = [.. report.Rules.Select(r => r.State == RuleState.Fixed ? r with { State = RuleState.WouldFix } : r)],
                Changes = null,
            };
        }

        return inPlace
            ? Commit(report, transaction, cancellation)
            : FixedCopy.Write(session.Machine.Disk, transaction, request, report, cancellation);
    }

    /// <summary>
    /// A rule that got the source it needs and still fails: the user named the wrong one. Half a fix would look like a whole one, so nothing is kept.
    /// </summary>
    private static RuleReport? UnusableSource(ImageReport report, ImageRequest request) => request.DriverPaths.Count == 0
        ? null
        : report.Rules.FirstOrDefault(r =>
            r is { State: RuleState.Failed, Severity: RuleSeverity.Error } && r.Id.StartsWith("drivers.", StringComparison.Ordinal));

    private static ImageReport Commit(ImageReport report, ImageTransaction transaction, CancellationToken cancellation)
    {
        var result = transaction.Commit(cancellation);
        return report with
        {
            UndoFile = result.UndoFile,
            Changes = (report.Changes ?? new ChangesReport(0, 0, 0, 0)) with { BytesWritten = result.BytesWritten },
        };
    }
}
