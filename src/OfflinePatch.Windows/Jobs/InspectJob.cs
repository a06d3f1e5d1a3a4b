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
    public static ImageReport Inspect(string path, EditOptions open, RuleRequest rules) =>
        Read(path, open, rules, (session, context) => SessionSummary.Inspect(session.Files, context));

    /// <summary>Runs the rules over the image and changes nothing.</summary>
    /// <inheritdoc cref="Inspect" path="/exception"/>
    public static ImageReport Check(string path, EditOptions open, RuleRequest rules) => Read(path, open, rules, RuleRunner.Check);

    private static ImageReport Read(string path, EditOptions open, RuleRequest rules, Func<ImageSession, RuleContext, ImageReport> job)
    {
        using var sources = RuleSources.Open(rules);
        using var transaction = open.OpenTransaction(path, writable: false);
        using var session = ImageSession.Open(transaction, open.Session);
        return job(session, new RuleContext { Machine = session.Machine, Request = rules, Sources = sources, FileSize = transaction.HostLength });
    }
}
