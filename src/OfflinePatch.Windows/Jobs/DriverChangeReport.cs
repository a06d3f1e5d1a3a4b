using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Windows.Jobs;

/// <summary>What a change of the driver store did.</summary>
/// <param name="Edit">What was written.</param>
/// <param name="Changes">The files and registry values that were, or in a trial would be, changed.</param>
/// <param name="IsRefused">Whether a package was refused, so that nothing was written.</param>
/// <param name="Packages">Packages that were to be added.</param>
/// <param name="Removed">Packages that were removed.</param>
public sealed record DriverChangeReport(
    EditResult Edit, ChangesReport Changes, bool IsRefused, IReadOnlyList<DriverAddReport> Packages,
    IReadOnlyList<DriverStorePackage> Removed);
