using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>What becomes of a driver.</summary>
internal enum DriverVerdict
{
    /// <summary>It is in place, and the sources have nothing newer.</summary>
    Ready,

    /// <summary>A package of it is staged.</summary>
    Stage,

    /// <summary>It is required, and neither in the image nor in the sources.</summary>
    Missing,

    /// <summary>The sources hold a package of it that must not be used.</summary>
    Refused,

    /// <summary>The sources hold packages of several makers for it.</summary>
    Ambiguous,

    /// <summary>It is in the image, would not work, and nobody needs it.</summary>
    Unused,
}

/// <summary>One driver of a plan.</summary>
/// <param name="Now">Its state in the image.</param>
/// <param name="Check">The package that the sources hold for it, where that was looked at; else null.</param>
/// <param name="Verdict">What becomes of it.</param>
/// <param name="Reason">Why, where it is refused, ambiguous or missing; else empty.</param>
internal sealed record PlannedDriver(DriverReadiness Now, DriverPackageCheck? Check, DriverVerdict Verdict, string Reason)
{
    /// <summary>The driver.</summary>
    public DriverEntry Entry => Now.Entry;
}

/// <summary>What becomes of the drivers of a family. Drivers that nobody needs, has or offers are left out.</summary>
/// <param name="Drivers">The drivers.</param>
internal sealed record DriverPlan(IReadOnlyList<PlannedDriver> Drivers)
{
    /// <summary>The drivers with a verdict.</summary>
    public IReadOnlyList<PlannedDriver> With(DriverVerdict verdict) => [.. Drivers.Where(d => d.Verdict == verdict)];
}
