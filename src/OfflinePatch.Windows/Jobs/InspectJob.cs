using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Windows.Jobs;

/// <summary>Opens an image to read it: what is inside, and what the rules say.</summary>
public static class InspectJob
{
    /// <summary>What is inside the image. No rule runs.</summary>
    /// <exception cref="CorruptImageException">The image is damaged.</exception>
    /// <exception cref="UnsupportedImageException">The image is of no known kind.</exception>
    /// <exception cref="RefusedException">An option is needed first.</exception>
    /// <exception cref="IOException">The host failed.</exception>
    public static ImageReport Inspect(string path, ImageRequest request)
    {
        using var sources = RuleSources.Open(request);
        using var transaction = OpenToRead(path, request);
        using var session = ImageSession.Open(transaction, request.Session);
        return SessionSummary.Inspect(transaction, sources.ContextOf(session.Machine, request, transaction.HostLength));
    }

    /// <summary>Runs the rules over the image and changes nothing.</summary>
    /// <inheritdoc cref="Inspect" path="/exception"/>
    public static ImageReport Check(string path, ImageRequest request)
    {
        using var sources = RuleSources.Open(request);
        using var transaction = OpenToRead(path, request);
        using var session = ImageSession.Open(transaction, request.Session);
        return RuleRunner.Check(session, sources.ContextOf(session.Machine, request, transaction.HostLength), request.Selection);
    }

    private static ImageTransaction OpenToRead(string path, ImageRequest request) =>
        ImageTransaction.Open(path, new TransactionOptions { AllowParents = request.AllowBacking, UndoFolder = request.UndoFolder });
}
