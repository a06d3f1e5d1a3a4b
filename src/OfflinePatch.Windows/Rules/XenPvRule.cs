using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Windows.Rules;

/// <summary>
/// <c>drivers.xen-pv</c>: the Xen PV drivers stand in the driver store as a whole chain, or not at all (drivers.md §7). They are staged, not started: the first
/// boot on Xen runs from the emulated disk, and Windows installs the chain with the drivers' own installers. So a chain can never unplug the disk that
/// Windows is on.
/// </summary>
public sealed class XenPvRule : Rule
{
    /// <inheritdoc/>
    public override string Id => "drivers.xen-pv";

    /// <inheritdoc/>
    public override string Title => "Windows has the Xen PV drivers, all of the chain or none";

    /// <inheritdoc/>
    public override RuleSeverity Severity => RuleSeverity.Warning;

    /// <inheritdoc/>
    public override string Source => "Huawei IMS: PV drivers for flavours on Xen; Xen Project: Windows PV drivers";

    /// <inheritdoc/>
    public override string Summary => "xenbus (with xenfilt), xenvbd, xenvif, xennet, xeniface: driver store and DriverDatabase (a folder of DevicePath on Windows 7).";

    /// <inheritdoc/>
    public override bool CanFix => true;

    /// <inheritdoc/>
    public override Finding Inspect(Guest guest)
    {
        if (DriverManifest.Embedded.XenPv is not { } family || Chain(family, guest) is not { Count: > 0 } chain)
        {
            return Finding.NotApplicable("The target does not run on Xen.");
        }

        var staged = GuestDriverStore.Inspect(guest.Windows);
        var ready = chain.ConvertAll(e => DriverReadiness.Of(guest.Windows, e, staged));
        var checks = Checks(guest, family, chain);
        var missing = ready.Where(r => !r.IsReady).ToList();
        var newer = ready.Where(r => r.Version is { } v && checks.TryGetValue(r.Entry.Id, out var c) && c.Package.Version.CompareTo(v) > 0).ToList();
        if (missing.Count == 0 && newer.Count == 0)
        {
            return Finding.Ok($"Ready: {string.Join(", ", ready.Select(r => $"{r.Entry.Id} {r.Version}"))}.");
        }

        if (checks.Count == 0)
        {
            return missing.Count == 0 ? Finding.Ok("The chain is in the driver store.") : Absent(guest, family, ready, missing);
        }

        var absent = chain.Where(e => !checks.ContainsKey(e.Id) && missing.Exists(m => m.Entry == e)).ToList();
        if (absent.Count > 0)
        {
            return Finding.Failed(
                $"The Xen PV chain is not complete: {string.Join(", ", absent.Select(e => e.Id))} is neither in the image nor in the sources. Nothing of it is staged.",
                "Name a source that holds the whole chain: xenbus, xenvbd, xenvif, xennet.");
        }

        if (checks.Values.FirstOrDefault(c => !c.IsUsable(guest.Options.AllowUnsigned)) is { } bad)
        {
            return Finding.Failed(
                $"{bad.Findings.First(f => f.Kind != DriverFindingKind.Warning).Message} Nothing of the chain is staged.", "Take the drivers from their vendor again.");
        }

        return Finding.Broken(
            missing.Count > 0 ? $"Not in the driver store: {string.Join(", ", missing.Select(m => m.Entry.Id))}." : $"Older than the source's: {string.Join(", ", newer.Select(m => m.Entry.Id))}.",
            string.Join(", ", ready.Select(r => r.Version is { } v ? $"{r.Entry.Id} {v}" : $"{r.Entry.Id} missing")),
            string.Join(", ", checks.Select(c => $"{c.Key} {c.Value.Package.Version}")));
    }

    /// <inheritdoc/>
    public override void Fix(Guest guest)
    {
        var family = DriverManifest.Embedded.XenPv!;
        var advised = family.Demand(guest.Profile.Id).Advised ?? [];
        foreach (var check in Checks(guest, family, [.. Chain(family, guest), .. family.Drivers.Where(d => advised.Contains(d.Id))]).Values)
        {
            GuestDriverStore.Stage(guest.Windows, check, guest.Options.AllowUnsigned, DriverManifest.Embedded, guest.Options.Clock);
        }
    }

    private static Finding Absent(Guest guest, DriverFamily family, List<DriverReadiness> ready, List<DriverReadiness> missing)
    {
        var bundles = InstalledBundles.Find(guest.Windows, family);
        if (bundles.FirstOrDefault(b => b.IsCurrent) is { } bundle)
        {
            return Finding.Ok($"{bundle.Bundle.Title} {bundle.Version} is installed.");
        }

        var old = bundles.Count > 0 ? $" {bundles[0].Bundle.Title} {bundles[0].Version} is older than {bundles[0].Bundle.Lowest}." : "";
        return missing.Count == ready.Count
            ? Finding.Failed($"There are no Xen PV drivers.{old} They are needed only for flavours on Xen.", $"Name them with --drivers PATH, for example {family.Obtain[0].Title}: {family.Obtain[0].Url}.")
            : Finding.Failed($"The Xen PV chain is not complete: {string.Join(", ", missing.Select(m => m.Entry.Id))} missing.{old}", "Name the whole chain with --drivers PATH.");
    }

    /// <summary>What the target requires, or else advises.</summary>
    private static List<DriverEntry> Chain(DriverFamily family, Guest guest)
    {
        var demand = family.Demand(guest.Profile.Id);
        var ids = demand.Required is { Count: > 0 } required ? required : demand.Advised ?? [];
        return [.. ids.Select(family.Find).OfType<DriverEntry>()];
    }

    private static Dictionary<string, DriverPackageCheck> Checks(Guest guest, DriverFamily family, IEnumerable<DriverEntry> entries)
    {
        var checks = new Dictionary<string, DriverPackageCheck>(StringComparer.OrdinalIgnoreCase);
        if (guest.Options.DriverSources.Count == 0)
        {
            return checks;
        }

        var target = DriverTarget.Of(guest.Windows);
        var selection = DriverSelection.Choose(DriverSources.All(guest.Options.DriverSources), family, target);
        foreach (var entry in entries)
        {
            if (selection.Find(entry.Id) is { } package)
            {
                checks[entry.Id] = DriverPackageCheck.Run(package, target);
            }
        }

        return checks;
    }
}
