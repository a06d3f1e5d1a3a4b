using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows.Reports;

/// <summary>Describes the driver packages of a source: what each serves, and whether it could be staged.</summary>
public static class DriverListing
{
    /// <summary>Reads a source and judges every package for each architecture that it serves.</summary>
    /// <exception cref="UnsupportedImageException">The source is larger than the limits of <see cref="DriverSource"/>.</exception>
    public static DriverSourceReport Describe(IFileSystem tree, DriverManifest? manifest = null, SignatureOptions? signatures = null)
    {
        manifest ??= DriverManifest.Embedded;
        var source = DriverSource.Scan(tree);
        var conflicts = Conflicts(source.Packages, manifest);
        return new DriverSourceReport(tree.Source, tree.Format,
            [.. source.Packages.Select(p => Describe(p, manifest, conflicts, signatures))],
            [.. source.Rejected.Select(r => new DriverProblemReport(r.Code, "refusal", r.Message))]);
    }

    /// <summary>Equally good packages for a driver's devices, for any Windows.</summary>
    private static List<DriverFinding> Conflicts(IReadOnlyList<DriverPackage> packages, DriverManifest manifest) =>
    [
        .. (from family in manifest.Families
            let own = packages.Where(p => family.Drivers.Any(d => d.Inf.Contains(p.InfName, StringComparer.OrdinalIgnoreCase))).ToList()
            where own.Select(p => p.InfName.ToUpperInvariant()).Distinct().Count() < own.Count // one of each INF cannot be in conflict
            from release in ProcessorArchitectures.All.ToArray().SelectMany(WindowsReleases.For)
            let selection = DriverSelection.Choose(packages, family, release.Target)
            from driver in family.Drivers
            let conflict = selection.Conflict(driver.Id)
            where conflict is not null
            select conflict).Distinct(),
    ];

    private static DriverPackageReport Describe(DriverPackage package, DriverManifest manifest, List<DriverFinding> conflicts,
        SignatureOptions? signatures)
    {
        var releases = ProcessorArchitectures.All.ToArray()
            .SelectMany(a => WindowsReleases.For(a).Select(r => (Architecture: a, r.Name, r.Target)))
            .Where(r => package.Models(r.Target).Models.Count > 0).ToList();
        var checks = releases.ConvertAll(r => (r.Name, Check: DriverPackageCheck.Run(package, r.Target, signatures)));
        var problems = conflicts.Where(c => c.File == package.Path).Select(Report).ToList();
        foreach (var same in checks.SelectMany(c => c.Check.Findings.Select(f => (c.Name, Finding: f)))
            .GroupBy(f => f.Finding.Message, StringComparer.Ordinal))
        {
            // What applies to some Windows only is reported for those.
            var names = same.Select(s => s.Name).Distinct().ToList();
            var finding = same.First().Finding;
            problems.Add(names.Count == releases.Select(r => r.Name).Distinct().Count()
                ? Report(finding)
                : Report(finding with { Message = $"On Windows {string.Join(", ", names)}: {finding.Message}" }));
        }

        if (releases.Count == 0)
        {
            problems.Add(Report(DriverFinding.NoModels(package.InfName, "Windows 7 or later", [])));
        }

        var last = checks.Count > 0 ? checks[^1].Check : null;
        var owner = releases.Count > 0 ? manifest.Classify(package.InfName, package.Ids(releases[^1].Target)) : null;
        var accepted = checks.Where(c => c.Check.IsUsable(allowUnsigned: false)).ToList();
        var version = package.Inf.Version;
        return new DriverPackageReport(
            package.Path, owner?.Family.Name, owner?.Entry.Id, version.ClassName, version.Provider, version.DriverVersion.ToString(),
            version.DriverDate == DateTime.MinValue ? null : $"{version.DriverDate:yyyy-MM-dd}",
            [.. releases.Select(r => r.Architecture.InfName()).Distinct()],
            [.. releases.Select(r => r.Name).Distinct()], StartsAtBoot(package, releases.Select(r => r.Target)),
            last is null ? "unknown"
                : !last.Signatures.HasCatalog ? "notSigned"
                : accepted.Count == 0 && checks.Exists(c => !c.Check.IsSigned) ? "broken"
                : "signed",
            checks.Select(c => c.Check.SignerName).LastOrDefault(n => n.Length > 0),
            accepted.Count > 0,
            problems)
        {
            SignatureKind = last is null ? null : SignatureVerdict.Describe(last.Signatures.CatalogVerdict.Kind),
            AcceptedBy = [.. accepted.Select(c => c.Name).Distinct()],
            AcceptedWithSecureBoot = [.. accepted.Where(c => c.Check.RefusedWithSecureBoot.Count == 0).Select(c => c.Name).Distinct()],
        };
    }

    private static bool StartsAtBoot(DriverPackage package, IEnumerable<WindowsTarget> targets)
    {
        try
        {
            return targets.Any(t => package.Effects(t).SelectMany(e => e.Services).Any(s => s is { StartType: 0, Name.Length: > 0 }));
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException)
        {
            return false; // the check of the package reports it
        }
    }

    private static DriverProblemReport Report(DriverFinding finding) => new(finding.Code, Word(finding.Kind), finding.Message);

    private static string Word(DriverFindingKind kind) => kind switch
    {
        DriverFindingKind.Warning => "warning",
        DriverFindingKind.Signature => "signature",
        _ => "refusal",
    };
}
