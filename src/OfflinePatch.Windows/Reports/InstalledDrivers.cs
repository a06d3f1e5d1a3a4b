using OfflinePatch.Core;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Reports;

/// <summary>Describes the drivers that an image has, by family, with what is missing for a target.</summary>
internal static class InstalledDrivers
{
    /// <summary>
    /// The families of the manifest that have a package or a bundle in the image or lack one that the target asks for; then the other
    /// packages.
    /// </summary>
    /// <param name="system">The Windows.</param>
    /// <param name="manifest">The families.</param>
    /// <param name="target">The target.</param>
    /// <param name="signatures">What signatures are judged by.</param>
    /// <param name="isUefi">Whether the machine starts by UEFI, so that Secure Boot matters.</param>
    public static IReadOnlyList<DriverFamilyReport> Describe(WindowsSystem system, DriverManifest manifest, TargetProfile target,
        SignatureOptions signatures, bool isUefi)
    {
        var staged = DriverTarget.IsKnown(system) ? GuestDriverStore.Inspect(system, manifest) : [];
        var reports = new List<DriverFamilyReport>();
        foreach (var family in manifest.Families)
        {
            var demand = target.DemandOf(family.Name) ?? DriverDemand.None;
            var bundles = InstalledBundles.Find(system, family);
            var packages = family.Drivers
                .SelectMany(e => Packages(system, e, staged, demand.StoreOnly || demand.Absent, signatures, isUefi)).ToList();
            var missing = bundles.Any(b => b.IsCurrent) ? []
                : (demand.Required ?? []).Concat(demand.Advised ?? []).Where(id => packages.TrueForAll(p => p.Driver != id)).ToList();
            if (packages.Count + bundles.Count + missing.Count > 0)
            {
                reports.Add(new DriverFamilyReport(
                    family.Name, family.Title, packages,
                    [.. bundles.Select(b => new DriverBundleReport(b.Bundle.Title, b.Version, b.IsCurrent, b.Bundle.Lowest))], missing));
            }
        }

        var others = staged.Where(s => s.Family is null).Select(s => Describe(s, [])).ToList();
        if (others.Count > 0)
        {
            reports.Add(new DriverFamilyReport(null, "Other driver packages", others, [], []));
        }

        return reports;
    }

    private static IEnumerable<StagedDriverReport> Packages(WindowsSystem system, DriverEntry entry, IReadOnlyList<StagedDriver> staged,
        bool storeOnly, SignatureOptions signatures, bool isUefi)
    {
        var own = staged.Where(s => s.Entry == entry).OrderByDescending(s => s.IsActive).ThenByDescending(s => s.Version).ToList();
        if (own.Count == 0)
        {
            yield break;
        }

        var ready = DriverReadiness.Of(system, entry, staged, storeOnly);
        foreach (var package in own)
        {
            yield return Describe(package,
                package == (ready.Staged ?? own[0]) ? [.. ready.Problems, .. SignatureProblems(system, package, signatures, isUefi)] : []);
        }
    }

    /// <summary>What the kernel of this Windows refuses, and every warning, as <c>check</c> and <c>drivers</c> say it.</summary>
    private static IEnumerable<string> SignatureProblems(WindowsSystem system, StagedDriver staged, SignatureOptions signatures,
        bool isUefi)
    {
        try
        {
            if (!staged.HasFiles || GuestDriverStore.PackageOf(system, staged) is not { } package)
            {
                return [];
            }

            var check = DriverPackageCheck.Run(package, DriverTarget.Of(system), signatures);
            return [.. check.Findings.Where(f => f.Kind is DriverFindingKind.Signature or DriverFindingKind.Warning).Select(f => f.Message)
                .Distinct(),
                .. isUefi && check.RefusedWithSecureBoot.Count > 0
                    ? (IEnumerable<string>)[$"{string.Join(", ", check.RefusedWithSecureBoot)} not loaded with Secure Boot"]
                    : []];
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException)
        {
            return [e.Message];
        }
    }

    private static StagedDriverReport Describe(StagedDriver driver, IReadOnlyList<string> problems) => new(
        driver.Entry?.Id, driver.InfName, NullIfEmpty(driver.PublishedName), driver.Version.ToString(),
        driver.Date == DateTime.MinValue ? null : $"{driver.Date:yyyy-MM-dd}",
        NullIfEmpty(driver.Provider), NullIfEmpty(driver.SignerName), driver.IsActive, problems);

    private static string? NullIfEmpty(string text) => text.Length > 0 ? text : null;
}
