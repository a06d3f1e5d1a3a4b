namespace OfflinePatch.Windows.Reports;

/// <summary>The document that <c>--json</c> prints: one command, one or several images. Fields are only ever added.</summary>
/// <param name="Schema">1.</param>
/// <param name="Tool">The program.</param>
/// <param name="Command">The command that ran: <c>fix</c>, <c>check</c>, <c>inspect</c>…</param>
/// <param name="Images">One entry for each image, in the order of the command line.</param>
public sealed record ReportDocument(int Schema, ToolIdentity Tool, string Command, IReadOnlyList<ImageReport> Images)
{
    /// <summary>The number of this layout.</summary>
    public const int CurrentSchema = 1;
}

/// <summary>The program that made a report.</summary>
/// <param name="Name"><c>offlinepatch</c>.</param>
/// <param name="Version">Its version.</param>
public sealed record ToolIdentity(string Name, string Version);
