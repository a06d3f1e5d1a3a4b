using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Documents;

/// <summary>The document of <c>undo</c> and <c>recover</c>.</summary>
/// <param name="Command"><c>undo</c> or <c>recover</c>.</param>
/// <param name="Images">One entry for each image, in the order of the command line.</param>
internal sealed record HistoryDocument(string Command, IReadOnlyList<ImageHistoryReport> Images) : CommandDocument(Command);

/// <summary>The history of one image, or what was done with it.</summary>
/// <param name="Path">The image.</param>
/// <param name="Result"><c>undone</c>, <c>listed</c>, <c>forgotten</c>, <c>recovered</c>, <c>wouldRecover</c>, <c>nothingToRecover</c> or
/// <c>error</c>.</param>
internal sealed record ImageHistoryReport(string Path, string Result)
{
    /// <summary>The changes that were undone, listed, forgotten or rolled back, newest first.</summary>
    public IReadOnlyList<ImageStep> Steps { get; init; } = [];

    /// <summary>How many changes can still be undone, or null where that was not asked.</summary>
    public int? Left { get; init; }

    /// <summary>What went wrong, or null.</summary>
    public ErrorReport? Error { get; init; }
}
