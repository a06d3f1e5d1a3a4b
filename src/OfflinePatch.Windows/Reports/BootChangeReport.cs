namespace OfflinePatch.Windows.Reports;

/// <summary>One part of a change of what starts Windows.</summary>
/// <param name="Before">What was there.</param>
/// <param name="After">What is there now, or would be.</param>
public sealed record BootStepReport(string Before, string After);

/// <summary>What keeps Windows from starting after a repair, because it cannot be repaired offline.</summary>
/// <param name="Rule">The rule that fails.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Remedy">What to do in the source machine, or null.</param>
public sealed record BootProblemReport(string Rule, string Message, string? Remedy);
