using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Drivers;

/// <summary>
/// <c>drivers.virtio-storage</c>, <c>-network</c>, <c>-other</c>: the VirtIO drivers of one role are ready in the image, and staged from
/// <c>--drivers</c> where they are not, or where the source has a newer version. Storage drivers start at boot. A network driver is staged,
/// so that Windows installs it when it first sees the adapter; no script runs for it.
/// </summary>
internal sealed class VirtioRule : Rule
{
    private const string FamilyName = "virtio";

    private readonly DriverRole _role;

    private VirtioRule(DriverRole role, RuleContract info)
        : base(info with { CanFix = true, UsesDriverSources = true }) => _role = role;

    /// <summary>viostor and vioscsi.</summary>
    public static VirtioRule Storage { get; } = new(DriverRole.Storage, new("drivers.virtio-storage")
    {
        Title = "Windows starts from a VirtIO disk",
        Source = "Huawei IMS, OTC, OpenStack: VirtIO drivers must be installed before a Windows image is imported",
        Summary = @"viostor and vioscsi: driver store, DriverDatabase (CriticalDeviceDatabase on Windows 7), Services\viostor and "
            + @"\vioscsi with Start=0 and no StartOverride, System32\drivers.",
    });

    /// <summary>NetKVM.</summary>
    public static VirtioRule Network { get; } = new(DriverRole.Network, new("drivers.virtio-network")
    {
        Title = "Windows has the VirtIO network driver",
        Source = "OTC: without VirtIO drivers ECS network adapters cannot be detected",
        Summary = "netkvm: driver store, DriverDatabase of the DRIVERS hive (a folder of DevicePath on Windows 7).",
    });

    /// <summary>The other devices. What the target advises and neither the image nor the source has is reported.</summary>
    public static VirtioRule Other { get; } = new(DriverRole.Other, new("drivers.virtio-other")
    {
        Title = "Windows has the other VirtIO drivers",
        Severity = RuleSeverity.Warning,
        Source = "virtio-win: drivers of the devices that KVM gives a guest in addition to disk and network",
        Summary = "balloon, vioserial, viorng, vioinput, viogpudo, viofs, pvpanic, fwcfg: driver store and DriverDatabase, from the "
            + "sources that hold them.",
    });

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (context.Sources.Manifest.Find(FamilyName) is not { } family)
        {
            return Finding.NotApplicable("The driver manifest has no such family.");
        }

        var plan = Plan(context, family);
        return Judge(context, family, plan) with { Remarks = plan.Remarks(context.Firmware == Firmware.Uefi) };
    }

    private static Finding Judge(RuleContext context, DriverFamily family, DriverPlan plan)
    {
        if (plan.Drivers.Count == 0)
        {
            return Finding.NotApplicable($"The target needs none of the {family.Title}.");
        }

        if (plan.Drivers.SelectMany(d => d.Broken).ToList() is { Count: > 0 } broken)
        {
            var left = plan.Drivers.Where(d => d.Broken.Count > 0 && d.Verdict is not (DriverVerdict.Stage or DriverVerdict.Ready))
                .ToList();
            return Finding.Broken(
                $"In the driver store, but must not be used: {string.Join("; ", broken.Take(4).Select(b => b.ToString().TrimEnd('.')))}.",
                Describe(plan.Drivers),
                string.Join(", ", plan.With(DriverVerdict.Stage).Select(d => $"{d.Entry.Id} {d.Check!.Package.Version}")
                    .Concat(left.Select(d => $"{d.Entry.Id} out of the index"))));
        }

        if (plan.With(DriverVerdict.Ambiguous) is [var ambiguous, ..])
        {
            return Finding.Failed(ambiguous.Reason, "Name a source that holds one of them only.", Describe(plan.Drivers));
        }

        if (plan.With(DriverVerdict.Refused) is { Count: > 0 } refused)
        {
            return Finding.Failed(
                Reasons(refused),
                NeedsSha2Update(context, refused)
                    ? "Install KB4474419 (with KB4490628 before it) in the source machine and export it again, or name drivers that are "
                        + "signed with SHA-1 too: virtio-win 0.1.173 or older."
                : IsTestSignedForOldWindows(context, refused)
                    ? "Later virtio-win discs have drivers for this Windows with a test signature only. Take them from virtio-win "
                        + "0.1.173 or older (Windows 7, Server 2008 R2) or 0.1.215 or older (8 to 8.1, Server 2012 and 2012 R2), "
                        + "or from a vendor that has them signed by Microsoft; --allow-unsigned stages them anyway, but Windows "
                        + "then does not start from them."
                : refused.All(d => d.Check!.IsUsable(allowUnsigned: true))
                    ? "Take the driver package from its vendor again; --allow-unsigned stages it anyway, but Windows may then "
                        + "refuse to load it."
                    : "Take the driver package from its vendor again.",
                Describe(plan.Drivers));
        }

        if (plan.With(DriverVerdict.Missing) is { Count: > 0 } missing)
        {
            return Finding.Failed(
                string.Join("; ", missing.Select(d => $"{d.Entry.Title}: {string.Join(", ", d.Now.Problems.Take(3))}")) + ".",
                Remedy(context, family, missing[0]), Describe(plan.Drivers));
        }

        if (plan.With(DriverVerdict.Stage) is { Count: > 0 } staged)
        {
            return Finding.Broken(
                string.Join("; ",
                    staged.Select(d => d.Now.IsReady
                        ? $"{d.Entry.Title}: version {d.Now.Version} is older"
                        : $"{d.Entry.Title}: {string.Join(", ", d.Now.Problems.Take(3))}")) + ".",
                Describe(plan.Drivers), string.Join(", ", staged.Select(d => $"{d.Entry.Id} {d.Check!.Package.Version}")));
        }

        return Finding.Ok(plan.With(DriverVerdict.Ready) is { Count: > 0 } ready
            ? $"Ready: {Describe(ready)}."
            : $"None of the {family.Title} that this rule is about is needed or offered.");
    }

    /// <summary>Why drivers are refused: what applies to several of them is reported once.</summary>
    private static string Reasons(IEnumerable<PlannedDriver> refused)
    {
        var alike = refused.GroupBy(d => (d.Check?.Findings ?? []).Select(f => Path.GetFileNameWithoutExtension(f.File))
            .Where(name => name.Length > 0)
            .Aggregate(d.Reason, (text, name) => text.Replace(name, "", StringComparison.Ordinal)));
        return string.Join(" ", alike.Select(g => g.Skip(1).Any()
            ? $"{g.First().Reason} The same applies to {string.Join(", ", g.Skip(1).Select(d => d.Entry.Id))}."
            : g.First().Reason));
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        var planner = context.Planner();
        var plan = Plan(context, context.Sources.Manifest.Find(FamilyName)!, planner);
        foreach (var driver in plan.Drivers.Where(d => d.Broken.Count > 0))
        {
            planner.Replace(driver);
        }

        foreach (var driver in plan.With(DriverVerdict.Stage))
        {
            planner.Stage(driver.Check!);
        }
    }

    private DriverPlan Plan(RuleContext context, DriverFamily family, DriverPlanner? planner = null)
    {
        var demand = context.Profile.DemandOf(family.Name) ?? DriverDemand.None;
        var isDemanded = _role == DriverRole.Other
            ? (Predicate<DriverEntry>)(e => demand.Advised?.Contains(e.Id, StringComparer.OrdinalIgnoreCase) ?? false)
            : _ => true;
        return (planner ?? context.Planner()).Plan(family, family.Drivers.Where(d => d.Role == _role), isDemanded);
    }

    /// <summary>Whether nothing but the update that brings SHA-2 is missing.</summary>
    private static bool NeedsSha2Update(RuleContext context, IReadOnlyList<PlannedDriver> refused) =>
        !context.Signatures.HasSha2Update
        && refused.All(d => DriverPackageCheck.Run(d.Check!.Package, d.Check.Target, context.Signatures with { HasSha2Update = true })
            .IsUsable(allowUnsigned: false));

    /// <summary>
    /// Whether a refusal is that of the test signatures that virtio-win has for Windows before 10 since 0.1.217 (virtio-win-pkg-scripts
    /// issues 65 and 116).
    /// </summary>
    private static bool IsTestSignedForOldWindows(RuleContext context, IReadOnlyList<PlannedDriver> refused) =>
        context.Windows.Facts.Major < 10 && refused.All(d => d.Check!.IsUsable(allowUnsigned: true))
            && refused.Any(d => d.Check!.Signatures.CatalogVerdict.Kind == SignatureKind.TestSigned);

    private static string Describe(IReadOnlyList<PlannedDriver> drivers) =>
        string.Join(", ", drivers.Select(d => d.Now.Staged is null ? $"{d.Entry.Id} missing" : $"{d.Entry.Id} {d.Now.Version}"));

    private static string Remedy(RuleContext context, DriverFamily family, PlannedDriver missing)
    {
        if (!context.Sources.HasDrivers)
        {
            return "Name the drivers with --drivers PATH, for example "
                + $"{family.Obtain.Select(o => $"{o.Title}: {o.Url}").FirstOrDefault() ?? "their disc"}.";
        }

        var inf = missing.Entry.Inf[0];
        var why = missing.Reason.Length > 0 ? missing.Reason
            : context.Sources.Drivers.SelectMany(s => s.Rejected)
                .FirstOrDefault(f => f.File.EndsWith(inf, StringComparison.OrdinalIgnoreCase))?.Message;
        return $"The sources hold no {inf} for Windows {DriverTarget.Of(context.Windows)} that can be "
            + $"used{(why is null ? "" : $" ({why.TrimEnd('.')})")}. Name a newer driver disc with --drivers PATH.";
    }
}
