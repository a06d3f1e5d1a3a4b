using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Windows.DriverStore;

namespace OfflinePatch.Windows.Rules.Drivers;

/// <summary>
/// What the driver rules share: drivers of a family are ready in the image, and staged from <c>--drivers</c> where they are not, or where the source has a
/// newer version.
/// </summary>
public abstract class DriverFamilyRule : Rule
{
    /// <inheritdoc/>
    public sealed override bool CanFix => true;

    /// <summary>The family, or null when the manifest lacks it.</summary>
    protected abstract DriverFamily? Family(DriverManifest manifest);

    /// <summary>The drivers of the family that this rule speaks about.</summary>
    protected abstract IEnumerable<DriverEntry> Entries(DriverFamily family, RuleContext context);

    /// <summary>Whether a driver that is neither in the image nor in the source is a failure.</summary>
    protected abstract bool IsDemanded(DriverFamily family, DriverEntry entry, RuleContext context);

    /// <inheritdoc/>
    public sealed override Finding Inspect(RuleContext context)
    {
        if (Family(context.Options.Manifest) is not { } family)
        {
            return Finding.NotApplicable("The driver manifest has no such family.");
        }

        var drivers = Judge(context, family);
        if (drivers.Count == 0)
        {
            return Finding.NotApplicable($"The target needs none of the {family.Title}.");
        }

        var blocked = drivers.Where(d => d is { NeedsWork: true, Check: null } && IsDemanded(family, d.Ready.Entry, context)).ToList();
        var refused = drivers.Where(d => d is { NeedsWork: true, Check: { } check } && !check.IsUsable(context.Options.AllowUnsigned)).ToList();
        var work = drivers.Where(d => d is { NeedsWork: true, Check: not null }).Except(refused).ToList();
        if (Conflict(context, family, drivers) is { } conflict)
        {
            return Finding.Failed(conflict.Message, "Name a source that holds one of them only.", Describe(drivers));
        }

        if (refused.Count > 0)
        {
            return Finding.Failed(
                string.Join(" ", refused.Select(d => d.Check!.Findings.First(f => f.Kind != DriverFindingKind.Warning).Message)),
                refused.TrueForAll(d => d.Check!.IsUsable(allowUnsigned: true))
                    ? "Take the driver package from its vendor again; --allow-unsigned stages it all the same, and Windows may then refuse to load it."
                    : "Take the driver package from its vendor again.",
                Describe(drivers));
        }

        if (blocked.Count > 0)
        {
            return Finding.Failed(
                string.Join("; ", blocked.Select(d => $"{d.Ready.Entry.Title}: {string.Join(", ", d.Ready.Problems.Take(3))}")) + ".",
                Remedy(context, family, blocked), Describe(drivers));
        }

        return work.Count > 0
            ? Finding.Broken(
                string.Join("; ", work.Select(d => d.Ready.IsReady ? $"{d.Ready.Entry.Title}: version {d.Ready.Version} is older" : $"{d.Ready.Entry.Title}: {string.Join(", ", d.Ready.Problems.Take(3))}")) + ".",
                Describe(drivers), string.Join(", ", work.Select(d => $"{d.Ready.Entry.Id} {d.Check!.Package.Version}")))
            : Finding.Ok(drivers.Exists(d => d.Ready.Staged is not null)
                ? $"Ready: {Describe([.. drivers.Where(d => d.Ready.IsReady)])}."
                : $"None of the {family.Title} that this rule speaks of is needed or offered.");
    }

    /// <inheritdoc/>
    public sealed override void Fix(RuleContext context)
    {
        foreach (var driver in Judge(context, Family(context.Options.Manifest)!).Where(d => d is { NeedsWork: true, Check: not null }))
        {
            GuestDriverStore.Stage(context.Windows, driver.Check!, context.Options.Staging);
        }

        AfterStaging(context);
    }

    /// <summary>What a family needs beside its packages.</summary>
    protected virtual void AfterStaging(RuleContext context)
    {
    }

    private List<(DriverReadiness Ready, DriverPackageCheck? Check, bool NeedsWork)> Judge(RuleContext context, DriverFamily family)
    {
        var target = DriverTarget.Of(context.Windows);
        var staged = GuestDriverStore.Inspect(context.Windows, context.Options.Manifest);
        var selection = context.Options.DriverSources.Count == 0 ? null
            : DriverSelection.Choose(DriverSources.All(context.Options.DriverSources), family, target);
        var drivers = new List<(DriverReadiness, DriverPackageCheck?, bool)>();
        foreach (var entry in Entries(family, context))
        {
            var ready = DriverReadiness.Of(context.Windows, entry, staged);
            var package = selection?.Find(entry.Id);
            if (package is null && !IsDemanded(family, entry, context) && ready.Staged is null)
            {
                continue; // nobody asks for it, nobody has it
            }

            var newer = package is not null && ready.Version is { } version && package.Version.CompareTo(version) > 0;
            var needsWork = newer || !ready.IsReady;
            drivers.Add((ready, package is not null && needsWork ? DriverPackageCheck.Run(package, target) : null, needsWork && (package is not null || IsDemanded(family, entry, context))));
        }

        return drivers;
    }

    /// <summary>Packages of two makers that claim a driver which is not in the image.</summary>
    private static DriverFinding? Conflict(RuleContext context, DriverFamily family, List<(DriverReadiness Ready, DriverPackageCheck? Check, bool NeedsWork)> drivers) =>
        context.Options.DriverSources.Count == 0
            ? null
            : drivers.Where(d => d.NeedsWork && d.Check is null)
                .Select(d => DriverSelection.Choose(DriverSources.All(context.Options.DriverSources), family, DriverTarget.Of(context.Windows)).Conflict(d.Ready.Entry.Id))
                .FirstOrDefault(c => c is not null);

    private static string Describe(List<(DriverReadiness Ready, DriverPackageCheck? Check, bool NeedsWork)> drivers) =>
        string.Join(", ", drivers.Select(d => d.Ready.Staged is null ? $"{d.Ready.Entry.Id} missing" : $"{d.Ready.Entry.Id} {d.Ready.Version}"));

    private static string Remedy(RuleContext context, DriverFamily family, List<(DriverReadiness Ready, DriverPackageCheck? Check, bool NeedsWork)> blocked)
    {
        if (context.Options.DriverSources.Count == 0)
        {
            return $"Name the drivers with --drivers PATH, for example {family.Obtain.Select(o => $"{o.Title}: {o.Url}").FirstOrDefault() ?? "their disc"}.";
        }

        var target = DriverTarget.Of(context.Windows);
        var passed = DriverSelection.Choose(DriverSources.All(context.Options.DriverSources), family, target).PassedOver(blocked[0].Ready.Entry.Id);
        var inf = blocked[0].Ready.Entry.Inf[0];
        var why = passed.Concat(context.Options.DriverSources.SelectMany(t => DriverSources.Of(t).Rejected)
            .Where(f => f.File.EndsWith(inf, StringComparison.OrdinalIgnoreCase))).FirstOrDefault()?.Message;
        return $"The sources hold no {inf} for Windows {target} that can be used{(why is null ? "" : $" ({why.TrimEnd('.')})")}. Name a newer driver disc with --drivers PATH.";
    }
}
