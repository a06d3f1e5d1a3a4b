using OfflinePatch.Drivers;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>What staging did.</summary>
public enum StagingOutcome
{
    /// <summary>The package is new in this Windows.</summary>
    Staged,

    /// <summary>The package, or a newer one, was there; what booting from the disk needs was completed or already right.</summary>
    Completed,
}

/// <summary>The result of staging one package.</summary>
/// <param name="Outcome">What was done.</param>
/// <param name="PublishedName"><c>oemN.inf</c>, or empty on Windows 7.</param>
/// <param name="PackageName">The directory in the driver store, or empty on Windows 7.</param>
/// <param name="InfName">The INF's own name.</param>
/// <param name="Version">The version that is in place now.</param>
public sealed record StagingResult(StagingOutcome Outcome, string PublishedName, string PackageName, string InfName, DriverVersion Version);
