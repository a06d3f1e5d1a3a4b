namespace OfflinePatch.Windows.Reports;

/// <summary>When, where and how a report was made; its page ends with it.</summary>
/// <param name="Time">When the work began, UTC.</param>
/// <param name="Host">The name of the host.</param>
/// <param name="Command">The command line.</param>
public sealed record ReportContext(DateTimeOffset Time, string Host, string Command);
