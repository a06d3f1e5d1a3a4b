using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows.Jobs;

/// <summary>Opens an image to read it: what is inside, and what the rules say.</summary>
/// <remarks>Different images may be inspected in parallel.</remarks>
public static class InspectJob
{
    /// <summary>What is inside the image. No rule runs.</summary>
    /// <exception cref="CorruptImageException">The image is damaged.</exception>
    /// <exception cref="UnsupportedImageException">The image is of no known kind.</exception>
    /// <exception cref="RefusedException">An option is required.</exception>
    /// <exception cref="IOException">The host failed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ImageReport Inspect(string path, EditOptions open, RuleRequest rules, OpenedSources? opened = null,
        CancellationToken cancellation = default) =>
        Read(path, open, rules, opened, (session, context) => SessionSummary.Inspect(session.Files, context), cancellation);

    /// <summary>Runs the rules over the image and changes nothing.</summary>
    /// <inheritdoc cref="Inspect" path="/exception"/>
    public static ImageReport Check(string path, EditOptions open, RuleRequest rules, OpenedSources? opened = null,
        CancellationToken cancellation = default) =>
        Read(path, open, rules, opened, RuleRunner.Check, cancellation);

    /// <summary><see cref="Check"/> on a thread of the pool, for callers that must not block.</summary>
    /// <inheritdoc cref="Inspect" path="/exception"/>
    public static Task<ImageReport> CheckAsync(
        string path, EditOptions open, RuleRequest rules, OpenedSources? opened = null, CancellationToken cancellation = default) =>
        Task.Run(() => Check(path, open, rules, opened, cancellation), cancellation);

    private static ImageReport Read(
        string path, EditOptions open, RuleRequest rules, OpenedSources? opened, Func<ImageSession, RuleContext, ImageReport> job,
        CancellationToken cancellation)
    {
        using var own = opened is null ? OpenedSources.Open(rules) : null;
        open.Trace?.Invoke($"opening {path}");
        using var transaction = open.OpenTransaction(path, writable: false);
        using var session = ImageSession.Open(transaction, open.Session);
        open.Trace?.Invoke($"opened: {session.Machine.Disk.Format.ToString().ToLowerInvariant()}, {session.Machine.Disk.Length} bytes, "
            + $"{session.Machine.Volumes.Count} volumes");
        var report = job(session, new RuleContext
        {
            Machine = session.Machine,
            Request = rules,
            Sources = (opened ?? own)!.Sources,
            FileSize = transaction.HostLength,
            HasParents = transaction.HasParents,
            Cancellation = cancellation,
        }) with
        { AllocatedSize = transaction.HostPaths.Sum(HostPaths.AllocatedLength) };
        return transaction.ShowsOldBytes ? report with { Notes = [.. report.Notes, .. transaction.HostNotes] } : report;
    }
}
