using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Drivers.Signatures;

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
        return new DriverSourceReport(tree.Source, tree.Format, [.. source.Packages.Select(p => Describe(p, manifest, conflicts, signatures))],
            [.. source.Rejected.Select(r => new DriverProblemReport(r.Code, "refusal", r.Message))]);
    }

    /// <summary>Packages that claim a driver's devices with equal right, for any Windows.</summary>
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

    private static DriverPackageReport Describe(DriverPackage package, DriverManifest manifest, List<DriverFinding> conflicts, SignatureOptions? signatures)
    {
        var windows = new List<string>();
        var architectures = new List<string>();
        var findings = conflicts.Where(c => c.File == package.Path).ToList();
        var (bootStart, signer, isSigned, isUsable) = (false, "", false, false);
        (DriverFamily Family, DriverEntry Entry)? owner = null;
        foreach (var architecture in ProcessorArchitectures.All)
        {
            var served = WindowsReleases.For(architecture).Where(r => package.Models(r.Target).Models.Count > 0).ToList();
            if (served.Count == 0)
            {
                continue;
            }

            architectures.Add(architecture.InfName());
            windows.AddRange(served.Select(s => s.Name));
            var checks = served.ConvertAll(r => (r.Name, Check: DriverPackageCheck.Run(package, r.Target, signatures)));
            var check = checks[^1].Check;
            findings.AddRange(check.Findings.Where(f => f.Kind != DriverFindingKind.Signature));
            findings.AddRange(Signatures(checks));
            isSigned |= checks.Exists(c => c.Check.IsSigned);
            isUsable |= checks.Exists(c => c.Check.IsUsable(allowUnsigned: false));
            signer = check.SignerName.Length > 0 ? check.SignerName : signer;
            owner ??= manifest.Classify(package.InfName, package.Ids(served[^1].Target));
            bootStart |= !check.Findings.Any(f => f.Code == "DRV-1005") && package.Effects(served[^1].Target).SelectMany(e => e.Services).Any(s => s is { StartType: 0, Name.Length: > 0 });
        }

        if (architectures.Count == 0)
        {
            findings.Add(new DriverFinding("DRV-1001", DriverFindingKind.Refusal, package.InfName, $"{package.InfName} has no devices for Windows 7 or later."));
        }

        var version = package.Inf.Version;
        return new DriverPackageReport(
            package.Path, owner?.Family.Name, owner?.Entry.Id, version.ClassName, version.Provider, version.DriverVersion.ToString(),
            version.DriverDate == DateTime.MinValue ? null : $"{version.DriverDate:yyyy-MM-dd}", architectures, [.. windows.Distinct()], bootStart,
            findings.Exists(f => f.Code is "DRV-1006" or "DRV-1007") ? "notSigned" : !isSigned && architectures.Count > 0 ? "broken" : architectures.Count == 0 ? "unknown" : "signed",
            signer.Length > 0 ? signer : null,
            isUsable && conflicts.TrueForAll(c => c.File != package.Path),
            [.. findings.DistinctBy(f => f.Message).Select(f => new DriverProblemReport(f.Code, Word(f.Kind), f.Message))]);
    }

    /// <summary>What is wrong with signatures, each once, with the Windows that it concerns where it is not all of them.</summary>
    private static IEnumerable<DriverFinding> Signatures(List<(string Name, DriverPackageCheck Check)> checks) =>
        from found in checks.SelectMany(c => c.Check.Findings.Where(f => f.Kind == DriverFindingKind.Signature).Select(f => (c.Name, Finding: f)))
        group found.Name by found.Finding into same
        let names = same.ToList()
        select names.Count == checks.Count
            ? same.Key
            : same.Key with { Kind = DriverFindingKind.Warning, Message = $"Windows {string.Join(", ", names)}: {same.Key.Message}" };

    private static string Word(DriverFindingKind kind) => kind switch
    {
        DriverFindingKind.Warning => "warning",
        DriverFindingKind.Signature => "signature",
        _ => "refusal",
    };
}
