using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Drivers;

/// <summary>
/// <c>drivers.xen-pv</c>: the Xen PV drivers are there as a whole chain, or not at all (drivers.md §7). For a target that is Xen they are
/// configured: services, class filters, unplug keys. For one that has Xen among others they are in the driver store only: the first boot
/// runs from the emulated disk and Windows installs them when it meets their devices. For one that never is Xen, what a former Xen guest
/// has of them is disabled.
/// </summary>
internal sealed class XenPvRule() : Rule(Description)
{
    private const string FamilyName = "xen-pv";

    private static readonly RuleContract Description = new("drivers.xen-pv")
    {
        Title = "Windows has the Xen PV drivers, all of the chain or none",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS: PV drivers for flavours on Xen; Xen Project: Windows PV drivers",
        Summary = @"xenbus, xenfilt, xenvbd, xenvif, xennet, xeniface: driver store, DriverDatabase (DevicePath, CriticalDeviceDatabase "
            + @"on Windows 7), services, UpperFilters of System and HDC, Services\XEN; away from Xen: filters and unplug keys removed, "
            + @"Start=4.",
        CanFix = true,
        UsesDriverSources = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (context.Sources.Manifest.Find(FamilyName) is not { } family)
        {
            return Finding.NotApplicable("The driver manifest has no such family.");
        }

        if (context.Profile.DemandOf(family.Name) is not { } demand)
        {
            return XenPvRemoval.Of(context.Windows).Active is [var first, ..]
                ? Finding.Failed($"The profile {context.Profile.Id} does not say what to do with the {family.Title}, and some would "
                    + $"start: {first}.", $"Decide it in the profile, under \"drivers\": {{ \"{family.Name}\": … }}.")
                : Finding.NotApplicable($"The profile does not say whether the target needs the {family.Title}.");
        }

        if (demand.Absent)
        {
            return InspectRemoval(context);
        }

        if (Chain(family, demand) is not { Count: > 0 } chain)
        {
            return Finding.NotApplicable($"The profile {context.Profile.Id} asks for no {family.Title}.");
        }

        if (InspectHalfChain(context, chain, demand) is { } half)
        {
            return half;
        }

        var planner = context.Planner(demand.StoreOnly);
        var ready = planner.Readiness(chain);
        var checks = planner.Checks(family, chain);
        var missing = ready.Where(r => !r.IsReady).ToList();
        var newer = ready.Where(r => r.Version is { } v && checks.TryGetValue(r.Entry.Id, out var c) && c.Package.Version.CompareTo(v) > 0)
            .ToList();
        if (missing.Count == 0 && newer.Count == 0)
        {
            if (!demand.StoreOnly && Connection(context, ready).Problems() is { Count: > 0 } problems)
            {
                return Finding.Broken(
                    $"The Xen PV drivers are there, but not connected: {string.Join("; ", problems.Take(3))}.", string.Join("; ", problems),
                    "XENFILT in the class filters, unplug keys as the drivers ask");
            }

            return Finding.Ok($"Ready: {string.Join(", ", ready.Select(r => $"{r.Entry.Id} {r.Version}"))}.");
        }

        if (checks.Count == 0)
        {
            return missing.Count == 0 ? Finding.Ok("The chain is in the driver store.") : Absent(context, family, ready, missing);
        }

        var absent = chain.Where(e => !checks.ContainsKey(e.Id) && missing.Exists(m => m.Entry == e)).ToList();
        if (absent.Count > 0)
        {
            return Finding.Failed(
                $"The Xen PV chain is not complete: {string.Join(", ", absent.Select(e => e.Id))} is neither in the image nor in the "
                    + "sources. Nothing of it is staged.",
                $"Name a source that holds the whole chain: {string.Join(", ", chain.Select(e => e.Id))}.");
        }

        if (checks.Values.Select(c => c.Package.Inf.Version.Provider).Distinct(StringComparer.OrdinalIgnoreCase)
            .ToList() is { Count: > 1 } makers)
        {
            return Finding.Failed(
                $"The sources mix Xen PV drivers of {string.Join(" and ", makers)}: they do not find each other's devices. Nothing of "
                    + "the chain is staged.", "Name a source with the drivers of one maker.");
        }

        if (checks.Values.FirstOrDefault(c => !c.IsUsable(context.Request.AllowUnsigned)) is { } bad)
        {
            return Finding.Failed(
                $"{bad.Findings.First(f => f.Kind != DriverFindingKind.Warning).Message} Nothing of the chain is staged.",
                "Take the drivers from their vendor again.");
        }

        return Finding.Broken(
            missing.Count > 0
                ? $"Not ready: {string.Join("; ", missing.Select(m => $"{m.Entry.Id}: {m.Problems[0]}"))}."
                : $"Older than the source's: {string.Join(", ", newer.Select(m => m.Entry.Id))}.",
            string.Join(", ", ready.Select(r => r.Version is { } v ? $"{r.Entry.Id} {v}" : $"{r.Entry.Id} missing")),
            string.Join(", ", checks.Select(c => $"{c.Key} {c.Value.Package.Version}")));
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        var family = context.Sources.Manifest.Find(FamilyName)!;
        var demand = context.Profile.DemandOf(family.Name) ?? DriverDemand.None;
        var chain = Chain(family, demand);
        if (demand.Absent || InspectHalfChain(context, chain, demand) is not null)
        {
            XenPvRemoval.Of(context.Windows).Apply();
            if (demand.Absent)
            {
                return;
            }
        }

        var planner = context.Planner(demand.StoreOnly);
        foreach (var check in planner.Checks(family, chain).Values)
        {
            planner.Stage(check);
        }

        // Filters and unplug keys come last, and only when every driver of the chain is in place.
        if (!demand.StoreOnly && context.Planner().Readiness(chain) is var ready && ready.TrueForAll(r => r.IsReady))
        {
            Connection(context, ready).Write();
        }
    }

    /// <summary>
    /// For a target that starts images on other hosts too: a former Xen guest whose drivers would act, but are not a whole chain. A filter
    /// without its driver stops the disk controllers, and an unplugged disk without a driver for the Xen one is gone. Null when nothing
    /// acts, or the chain is complete.
    /// </summary>
    private static Finding? InspectHalfChain(RuleContext context, List<DriverEntry> chain, DriverDemand demand)
    {
        if (!demand.StoreOnly || XenPvRemoval.Of(context.Windows) is not { Active.Count: > 0 } removal)
        {
            return null;
        }

        var ready = context.Planner().Readiness(chain);
        if (ready.TrueForAll(r => r.IsReady) && Connection(context, ready).Problems().Count == 0)
        {
            return null;
        }

        var missing = ready.Find(r => !r.IsReady);
        var why = missing is null ? Connection(context, ready).Problems()[0] : $"{missing.Entry.Id}: {missing.Problems[0]}";
        return removal.Needed.Count > 0
            ? Finding.Failed(
                $"Xen PV drivers of an earlier host would start, the chain is not complete ({why}), and it cannot be disabled: "
                    + $"{string.Join("; ", removal.Needed.Take(3))}.",
                "Uninstall the Xen tools in the source machine.") with
            { Severity = RuleSeverity.Error }
            : Finding.Broken(
                $"Xen PV drivers of an earlier host would start, and the chain is not complete ({why}): "
                    + $"{string.Join("; ", removal.Active.Take(3))}.",
                string.Join("; ", removal.Active), "disabled (Start=4), out of the filters, nothing unplugged") with
            { Severity = RuleSeverity.Error };
    }

    private static Finding InspectRemoval(RuleContext context)
    {
        var removal = XenPvRemoval.Of(context.Windows);
        if (removal.Active.Count == 0)
        {
            return Finding.NotApplicable("The target does not run on Xen, and no Xen PV driver that is known here would start.");
        }

        return removal.Needed.Count > 0
            ? Finding.Failed(
                $"Xen PV drivers would start without Xen, and cannot be disabled: {string.Join("; ", removal.Needed.Take(3))}.",
                "Uninstall the Xen tools in the source machine.") with
            { Severity = RuleSeverity.Error }
            : Finding.Broken($"Xen PV drivers would start without Xen: {string.Join("; ", removal.Active.Take(3))}.",
                string.Join("; ", removal.Active), "disabled (Start=4), out of the filters, nothing unplugged");
    }

    private static XenPvChain Connection(RuleContext context, List<DriverReadiness> ready) =>
        XenPvChain.Of(context.Windows, ready.Select(r => r.Staged!), context.Signatures);

    private static Finding Absent(RuleContext context, DriverFamily family, List<DriverReadiness> ready, List<DriverReadiness> missing)
    {
        var bundles = InstalledBundles.Find(context.Windows, family);
        if (bundles.FirstOrDefault(b => b.IsCurrent) is { } bundle)
        {
            return Finding.Ok($"{bundle.Bundle.Title} {bundle.Version} is installed by its version file ({bundle.Bundle.File}). Whether "
                + "its drivers are complete is not known here.");
        }

        var old = bundles.Count > 0 ? $" {bundles[0].Bundle.Title} {bundles[0].Version} is older than {bundles[0].Bundle.Lowest}." : "";
        if (context.Windows.BootControlSets.Any(s => XenPvRemoval.IsDisabled(s)))
        {
            old = " Those of an earlier host are disabled." + old;
        }

        return missing.Count == ready.Count
            ? Finding.Failed($"There is no package of the Xen PV drivers in the driver store.{old}{Acting(context)} They are needed only "
                + "for flavours on Xen.", $"Name them with --drivers PATH, for example {family.Obtain[0].Title}: {family.Obtain[0].Url}.")
            : Finding.Failed($"The Xen PV chain is not complete: {string.Join(", ", missing.Select(m => m.Entry.Id))} missing.{old}",
                "Name the whole chain with --drivers PATH.");
    }

    private static string Acting(RuleContext context) =>
        XenPvRemoval.Of(context.Windows).Active is [var first, ..] active
            ? $" Services or filters of them would act anyway: {first}{(active.Count > 1 ? $", and {active.Count - 1} more" : "")}."
            : "";

    /// <summary>What the target requires, or else advises.</summary>
    private static List<DriverEntry> Chain(DriverFamily family, DriverDemand demand)
    {
        var ids = demand.Required is { Count: > 0 } required ? required : demand.Advised ?? [];
        return [.. ids.Select(family.Find).OfType<DriverEntry>()];
    }
}
