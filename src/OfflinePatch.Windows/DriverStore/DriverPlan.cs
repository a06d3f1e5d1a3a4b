using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>What is done with a driver.</summary>
internal enum DriverVerdict
{
    /// <summary>It is in place, and the sources have nothing newer.</summary>
    Ready,

    /// <summary>A package of it is staged.</summary>
    Stage,

    /// <summary>It is required, but is neither in the image nor in the sources.</summary>
    Missing,

    /// <summary>The sources hold a package of it that must not be used.</summary>
    Refused,

    /// <summary>The sources hold packages of several makers for it.</summary>
    Ambiguous,

    /// <summary>It is in the image and would not work, but it is not required.</summary>
    Unused,
}

/// <summary>One driver of a plan.</summary>
/// <param name="Now">Its state in the image.</param>
/// <param name="Check">The package that the sources hold for it, where that was looked at; else null.</param>
/// <param name="Verdict">What is done with it.</param>
/// <param name="Reason">Why, where it is refused, ambiguous or missing; else empty.</param>
internal sealed record PlannedDriver(DriverReadiness Now, DriverPackageCheck? Check, DriverVerdict Verdict, string Reason)
{
    /// <summary>The driver.</summary>
    public DriverEntry Entry => Now.Entry;

    /// <summary>
    /// Packages of it in the image that must not be used, and that a device would still lead to; only where the user asked to have them
    /// replaced.
    /// </summary>
    public IReadOnlyList<BrokenDriver> Broken { get; init; } = [];

    /// <summary>Whether Windows installs the device without asking the user about the publisher.</summary>
    public bool IsPublisherTrusted { get; init; } = true;
}

/// <summary>A package in an image that must not be used.</summary>
/// <param name="Staged">The package.</param>
/// <param name="Problem">Why.</param>
internal sealed record BrokenDriver(StagedDriver Staged, string Problem)
{
    /// <summary>The package and what is wrong with it, for people.</summary>
    public override string ToString() => $"{Staged.PublishedName} ({Staged.InfName} {Staged.Version}): {Problem}";
}

/// <summary>What is done with the drivers of a family. Drivers that are neither required, present nor offered are left out.</summary>
/// <param name="Drivers">The drivers.</param>
internal sealed record DriverPlan(IReadOnlyList<PlannedDriver> Drivers)
{
    /// <summary>
    /// Remarks on the packages that are, or will be, in place: warnings, and what Secure Boot refuses.
    /// </summary>
    public IReadOnlyList<string> Remarks(bool isUefi)
    {
        var checks = Drivers.Where(d => d is { Check: not null, Verdict: DriverVerdict.Ready or DriverVerdict.Stage }).Select(d => d.Check!)
            .ToList();
        var remarks = checks.SelectMany(c => c.Findings).Where(f => f.Kind == DriverFindingKind.Warning).Select(f => f.Message).Distinct()
            .ToList();
        var refused = isUefi ? checks.SelectMany(c => c.RefusedWithSecureBoot).Distinct(StringComparer.OrdinalIgnoreCase).ToList() : [];
        if (refused.Count > 0)
        {
            remarks.Add($"Start the machine without Secure Boot: {string.Join(", ", refused)} {(refused.Count == 1 ? "is" : "are")} not "
                + $"signed by Microsoft, and this Windows loads {(refused.Count == 1 ? "it" : "them")} without Secure Boot only.");
        }

        foreach (var driver in Drivers.Where(d => d is { Verdict: DriverVerdict.Ready, IsPublisherTrusted: false }))
        {
            remarks.Add($"Windows will ask on the console whether to install {driver.Entry.Title}: its publisher "
                + $"{driver.Check?.SignerName} is not among SystemCertificates\\TrustedPublisher.");
        }

        return remarks;
    }

    /// <summary>The drivers with a verdict.</summary>
    public IReadOnlyList<PlannedDriver> With(DriverVerdict verdict) => [.. Drivers.Where(d => d.Verdict == verdict)];
}
