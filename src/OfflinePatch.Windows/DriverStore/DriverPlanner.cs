using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>Compares the drivers that a Windows has with those that the sources hold, and decides once what is done with each.</summary>
/// <param name="system">The Windows.</param>
/// <param name="packages">The packages of all sources, best source first.</param>
/// <param name="options">How drivers are staged.</param>
internal sealed class DriverPlanner(WindowsSystem system, IReadOnlyList<DriverPackage> packages, StagingOptions options)
{
    private IReadOnlyList<StagedDriver>? _staged;

    /// <summary>The Windows as drivers are chosen for it.</summary>
    public WindowsTarget Target { get; } = DriverTarget.Of(system);

    private IReadOnlyList<StagedDriver> Staged => _staged ??= GuestDriverStore.Inspect(system, options.Manifest);

    /// <summary>Decides about drivers of a family.</summary>
    /// <param name="family">The family.</param>
    /// <param name="entries">The drivers.</param>
    /// <param name="isDemanded">Whether a driver that is neither in the image nor in the sources is a failure.</param>
    public DriverPlan Plan(DriverFamily family, IEnumerable<DriverEntry> entries, Predicate<DriverEntry> isDemanded)
    {
        var selection = Choose(family);
        var drivers = new List<PlannedDriver>();
        foreach (var entry in entries)
        {
            var broken = options.ReplaceBroken ? Broken(entry) : [];
            void Decide(PlannedDriver planned) => drivers.Add(planned with { Broken = broken });
            var now = DriverReadiness.Of(system, entry,
                broken.Count == 0 ? Staged : [.. Staged.Where(s => !broken.Exists(b => b.Staged == s))], options.StoreOnly,
                options.AllowUnsigned);
            var package = selection.Find(entry.Id) ?? (now.IsReady ? null : OwnPackage(now));
            var isNewer = package is not null && now.Version is { } version && package.Version.CompareTo(version) > 0;
            var check = isNewer || !now.IsReady
                ? (package is null ? null : DriverPackageCheck.Run(package, Target, options.Signatures))
                : null;
            if (now.IsReady && check?.IsUsable(options.AllowUnsigned) != true)
            {
                // What is in the store is judged like what is in a source: Windows loads both in the same way. A newer one that must not be
                // used makes no difference.
                var staged = CheckStaged(now);
                var refusal = staged is null || options.AllowUnsigned
                    ? null
                    : Refusal(staged.Findings.Where(f => f.Kind == DriverFindingKind.Signature));
                Decide(refusal is null
                    ? new PlannedDriver(now, staged, DriverVerdict.Ready, "") { IsPublisherTrusted = IsPublisherTrusted(now) }
                    : new PlannedDriver(now, staged, DriverVerdict.Refused,
                        $"In the driver store ({now.Staged!.PublishedName}): {refusal}"));
            }
            else if (check is not null)
            {
                var refusal = check.IsUsable(options.AllowUnsigned)
                    ? null
                    : Refusal(check.Findings.Where(f => f.Kind != DriverFindingKind.Warning));
                Decide(new PlannedDriver(now, check, refusal is null ? DriverVerdict.Stage : DriverVerdict.Refused, refusal ?? ""));
            }
            else if (isDemanded(entry))
            {
                Decide(selection.Conflict(entry.Id) is { } conflict
                    ? new PlannedDriver(now, null, DriverVerdict.Ambiguous, conflict.Message)
                    : new PlannedDriver(now, null, DriverVerdict.Missing,
                        selection.PassedOver(entry.Id) is [var first, ..] ? first.Message : ""));
            }
            else if (now.Staged is not null || broken.Count > 0)
            {
                Decide(new PlannedDriver(now, null, DriverVerdict.Unused, ""));
            }
        }

        return new DriverPlan(drivers);
    }

    /// <summary>
    /// Stages a package. On Windows 7 and 2008 R2 its publisher is trusted, as driver installers do: otherwise Windows would ask on the
    /// console.
    /// </summary>
    public void Stage(DriverPackageCheck check)
    {
        GuestDriverStore.Stage(system, check, options);
        if (!Target.HasDriverDatabase && check.IsSigned)
        {
            TrustedPublishers.Add(system, check.Signatures.CatalogVerdict);
        }
    }

    /// <summary>
    /// Removes the broken packages of a driver: deleted where a good one is there or is going to be staged, else only from the index,
    /// so that Windows does not use them, and from starting at boot.
    /// </summary>
    public void Replace(PlannedDriver driver)
    {
        foreach (var broken in driver.Broken)
        {
            if (driver.Verdict is DriverVerdict.Stage or DriverVerdict.Ready)
            {
                DriverRemoval.Remove(system, broken.Staged, options, force: true);
            }
            else
            {
                DriverRemoval.Disable(system, broken.Staged);
            }
        }

        _staged = null;
    }

    /// <summary>Whether drivers of a family are ready.</summary>
    public List<DriverReadiness> Readiness(IEnumerable<DriverEntry> entries) =>
        [.. entries.Select(e => DriverReadiness.Of(system, e, Staged, options.StoreOnly, options.AllowUnsigned))];

    /// <summary>The packages that the sources hold for drivers of a family, checked, by the id of the driver.</summary>
    public Dictionary<string, DriverPackageCheck> Checks(DriverFamily family, IEnumerable<DriverEntry> entries)
    {
        var selection = Choose(family);
        return entries
            .Select(e => (e.Id, Package: selection.Find(e.Id)))
            .Where(e => e.Package is not null)
            .ToDictionary(e => e.Id, e => DriverPackageCheck.Run(e.Package!, Target, options.Signatures), StringComparer.OrdinalIgnoreCase);
    }

    private static string? Refusal(IEnumerable<DriverFinding> findings) =>
        findings.Select(f => f.Message).Distinct().Take(4).ToList() is { Count: > 0 } messages ? string.Join(" ", messages) : null;

    /// <summary>The package in the image itself, where it is whole and only not configured: it can be completed without a source.</summary>
    private DriverPackage? OwnPackage(DriverReadiness now) =>
        Target.HasDriverDatabase && !options.StoreOnly && now.Entry.BootCritical && now.Staged is { } staged
            && StoreCheck.Problems(system, staged, Target).Count == 0
            ? GuestDriverStore.PackageOf(system, staged)
            : null;

    private DriverPackageCheck? CheckStaged(DriverReadiness now) => now.Staged is { } staged ? CheckStaged(staged) : null;

    private DriverPackageCheck? CheckStaged(StagedDriver staged) =>
        GuestDriverStore.PackageOf(system, staged) is { } package ? DriverPackageCheck.Run(package, Target, options.Signatures) : null;

    /// <summary>The packages of a driver that devices lead to and that must not be used: files, catalogue, signature, Windows.</summary>
    private List<BrokenDriver> Broken(DriverEntry entry) =>
        [.. Staged.Where(s => s.Entry?.Id == entry.Id && s.PackageName.Length > 0 && IsUsed(s) && DriverRemoval.IsIndexed(system, s))
            .Select(s => (Staged: s, Problem: ProblemOf(s))).Where(s => s.Problem is not null)
            .Select(s => new BrokenDriver(s.Staged, s.Problem!))];

    /// <summary>False for a package next to another one of the same name: devices get that one.</summary>
    private bool IsUsed(StagedDriver staged) => staged.IsActive
        || !Staged.Any(o => o != staged && o.PublishedName.Equals(staged.PublishedName, StringComparison.OrdinalIgnoreCase));

    private string? ProblemOf(StagedDriver staged)
    {
        if (!staged.HasFiles)
        {
            return "its INF is not in the driver store";
        }

        if (StoreCheck.Problems(system, staged, Target, options.AllowUnsigned) is [var problem, ..])
        {
            return problem;
        }

        return CheckStaged(staged) is { } check
            ? Refusal(check.Findings.Where(f => f.Kind == DriverFindingKind.Refusal
                || (f.Kind == DriverFindingKind.Signature && !options.AllowUnsigned)))
            : null;
    }

    private bool IsPublisherTrusted(DriverReadiness now) =>
        Target.HasDriverDatabase || CheckStaged(now) is not { } check
            || TrustedPublishers.Contains(system, check.Signatures.CatalogVerdict);

    private DriverSelection Choose(DriverFamily family) =>
        DriverSelection.Choose(packages, family, Target, options.AllowUnsigned ? null : options.Signatures);
}
