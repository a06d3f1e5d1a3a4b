namespace OfflinePatch.Windows.Jobs;

/// <summary>What a change of the size did, or in a trial would do.</summary>
/// <param name="Before">Bytes of the disk before.</param>
/// <param name="After">Bytes of the disk after it.</param>
/// <param name="Steps">What was done, in order, for people. Empty: nothing was to be done.</param>
/// <param name="Notes">Remarks, in full sentences.</param>
/// <param name="Edit">What was written; nothing in a trial, or where a copy was written.</param>
/// <param name="OutputFile">The copy, or null.</param>
public sealed record ResizeResult(
    long Before, long After, IReadOnlyList<string> Steps, IReadOnlyList<string> Notes, EditResult Edit, string? OutputFile);
