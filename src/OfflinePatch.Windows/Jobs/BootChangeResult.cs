using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Windows.Jobs;

/// <summary>What a change of what starts Windows did.</summary>
/// <param name="Edit">What was written.</param>
/// <param name="Steps">What was done, or in a trial would be, in order. Empty where nothing needed to be changed.</param>
/// <param name="Changes">The files and registry values that were, or in a trial would be, changed.</param>
public sealed record BootChangeResult(EditResult Edit, IReadOnlyList<BootStepReport> Steps, ChangesReport Changes)
{
    /// <summary>What else the owner has to know, in full sentences.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What still keeps Windows from starting.</summary>
    public IReadOnlyList<BootProblemReport> Problems { get; init; } = [];
}
