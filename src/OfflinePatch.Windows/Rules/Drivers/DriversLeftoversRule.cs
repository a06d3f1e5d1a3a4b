using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.GuestTools;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Drivers;

/// <summary>
/// <c>drivers.leftovers</c>: what VMware, VirtualBox, Parallels, Xen and clouds left behind (drivers.md §8, images-and-cloud.md §4.4,
/// virt-v2v convert/convert_windows.ml; the products are data: GuestTools/*.json). Unasked, a fix does only what virt-v2v has done for
/// years: Parallels' drivers and Red Hat's old Xen SCSI driver are disabled, after they are removed from the filter lists of every class
/// and device. Tools are silenced or removed with <c>--remove-tools</c>. Hyper-V's drivers come with Windows: they are not leftovers.
/// </summary>
internal sealed class DriversLeftoversRule() : Rule(Description)
{
    private const string XenPv = "xen-pv";

    private static readonly string[] SafeToDisable =
    [
        "prl_boot", "prl_dd", "prl_eth5", "prl_fs", "prl_memdev", "prl_mouf", "prl_pv32", "prl_pv64", "prl_scsi", "prl_sound", "prl_strg",
        "prl_tg", "prl_time", "prl_uprof", "prl_va", "rhelscsi",
    ];

    private static readonly RuleContract Description = new("drivers.leftovers")
    {
        Title = "No tools of another hypervisor interfere",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS: remove VMware Tools and Citrix tools before the import; virt-v2v convert_windows.ml",
        Summary = @"Tools of other hypervisors and agents of other clouds (GuestTools/*.json): reported with version; with --remove-tools "
            + @"silenced (Start=4, start entries) or removed (filters, services, devices, driver store, tasks, Windows Installer, "
            + @"classes, keys, files). Services\prl_* (Parallels) and rhelscsi: removed from every UpperFilters and LowerFilters under "
            + @"Control\Class and Enum, Start=4.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var active = Active(context).ToList();
        var removals = Removals(context);
        var remarks = removals.SelectMany(r => r.Removal.Kept.Select(k => $"{r.Product.Title} stays in part. {k}.")).ToList();
        var open = removals.Where(r => r.Removal.Steps.Count > 0).ToList();
        if (active.Count > 0 || open.Count > 0)
        {
            var before = active.Select(a => $@"{a.Path}\Start={a.GetDword("Start")}")
                .Concat(open.SelectMany(r => r.Removal.Steps).Select(s => s.What).Distinct(StringComparer.OrdinalIgnoreCase));
            var after = open.Select(r => $"{r.Product.Title}: {(r.Level == ToolsLevel.Silence ? "silenced" : "removed")}")
                .Concat(active.Count > 0 ? ["disabled (Start=4), out of every filter list"] : Array.Empty<string>());
            var message = active.Count > 0
                ? @"Drivers of another hypervisor would start: "
                    + $@"{string.Join(", ", active.Select(a => $@"Services\{a.Name}").Distinct(StringComparer.OrdinalIgnoreCase))}."
                : $"{string.Join(", ", open.Select(Amount))}.";
            return Finding.Broken(message, string.Join("; ", before), string.Join("; ", after)) with { Remarks = remarks };

            string Amount((ToolsProduct Product, ToolsLevel Level, ToolsRemoval Removal) r) =>
                $"{TitleOf(context, r.Product)} ({r.Removal.Steps.Count} things to "
                + (r.Level == ToolsLevel.Silence ? "silence)" : "remove)");
        }

        var others = Others(context).ToList();
        var chosen = removals.Select(r => r.Product.Id).ToHashSet(StringComparer.Ordinal);
        var found = others.Where(f => f.State == ToolsState.Active && !chosen.Contains(f.Product.Id)).ToList();
        var finding = found.Count == 0
            ? Finding.Ok(others.Where(f => f.State == ToolsState.Silenced).ToList() is { Count: > 0 } silent
                ? "No tools of another hypervisor that this rule knows start. Installed and silent: "
                    + $"{string.Join(", ", silent.Select(s => s.Title))}."
                : "No service of VMware Tools, VirtualBox, Parallels or old Xen tools that this rule knows is enabled.")
            : Finding.Failed(
                string.Join(" ",
                    found.Select(f =>
                        f.Services.Count == 0
                            ? $"{f.Title}: a start entry."
                            : $"{f.Title}: {string.Join(", ", f.Services)} under {context.Windows.Current.Name}\\Services.")),
                $"Run `offlinepatch fix --remove-tools {string.Join(',', found.Select(f => f.Product.Id))}` to remove, or with =silence "
                    + "after each name to disable what starts.");
        return finding with { Remarks = remarks };
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        // Filters first: one that names a service which does not start stops the boot.
        var active = Active(context).ToList();
        string[] names = [.. active.Select(k => k.Name).Distinct(StringComparer.OrdinalIgnoreCase)];
        foreach (var set in names.Length > 0 ? context.Windows.BootControlSets : [])
        {
            foreach (var filter in DeviceFilters.Naming(set, names).ToList())
            {
                DeviceFilters.Remove(filter);
            }
        }

        foreach (var key in active)
        {
            key.SetDword("Start", ServiceImage.Disabled);
        }

        foreach (var (product, level) in Chosen(context))
        {
            var replacement = Replacement(context, product);
            if (level == ToolsLevel.Remove && product.Family == XenPv && replacement is null)
            {
                XenPvRemoval.Of(context.Windows).Apply(); // unplug keys and overrides, before the drivers that they are for
            }

            ToolsRemoval.Plan(context.Windows, product, level, replacement).Apply();
        }
    }

    private static List<(ToolsProduct Product, ToolsLevel Level, ToolsRemoval Removal)> Removals(RuleContext context) =>
        [.. Chosen(context)
            .Select(c => (c.Product, c.Level, ToolsRemoval.Plan(context.Windows, c.Product, c.Level, Replacement(context, c.Product))))];

    /// <summary>The products that the user names, and how much of each is removed. A name takes precedence over <c>all</c>.</summary>
    private static IEnumerable<(ToolsProduct Product, ToolsLevel Level)> Chosen(RuleContext context)
    {
        var tools = context.Request.RemoveTools;
        foreach (var name in tools.Keys.Where(n => n != RuleRequest.AllTools))
        {
            _ = context.Sources.Tools.Get(name); // refused where there is no such product
        }

        foreach (var product in tools.Count == 0 ? [] : context.Sources.Tools.Products)
        {
            if (tools.TryGetValue(product.Id, out var level)
                || (!product.ByNameOnly && !IsOfHost(context, product) && tools.TryGetValue(RuleRequest.AllTools, out level)))
            {
                yield return (product, level);
            }
        }
    }

    /// <summary>Products that are there, except those of the target's own host.</summary>
    private static IEnumerable<FoundTools> Others(RuleContext context) =>
        ToolsFinder.Find(context.Windows, context.Sources.Tools).Where(f => !f.Product.ByNameOnly && !IsOfHost(context, f.Product));

    private static bool IsWanted(RuleContext context, ToolsProduct product) =>
        product.Family is { } family && context.Profile.DemandOf(family) is { Absent: false };

    /// <summary>Whether the target is such a host itself: the tools belong there.</summary>
    private static bool IsOfHost(RuleContext context, ToolsProduct product) =>
        product.Family is { } family && context.Profile.DemandOf(family) is { Absent: false, StoreOnly: false, Required.Count: > 0 };

    private static string TitleOf(RuleContext context, ToolsProduct product) =>
        ToolsFinder.Find(context.Windows, product)?.Title ?? $"Remains of {product.Title}";

    /// <summary>Null when Windows starts on the target without any driver of the product; else why that is not certain.</summary>
    private static string? Replacement(RuleContext context, ToolsProduct product)
    {
        if (IsWanted(context, product))
        {
            return "the target uses these drivers";
        }

        if (product.BootDrivers.Count + product.BootInfs.Count == 0 && product.Services.Count == 0)
        {
            return null;
        }

        if (product.Family == XenPv && XenPvRemoval.Of(context.Windows).Needed is [var needed, ..])
        {
            return needed;
        }

        var storage = context.Sources.Manifest.VirtIO?.Drivers.Where(d => d is { Role: DriverRole.Storage, BootCritical: true }).ToList()
            ?? [];
        var staged = storage.Count == 0 ? [] : GuestDriverStore.Inspect(context.Windows, context.Sources.Manifest);
        var missing =
            storage.Where(d => !DriverReadiness.Of(context.Windows, d, staged, allowUnsigned: context.Request.AllowUnsigned).IsReady)
                .Select(d => d.Id).ToList();
        return storage.Count == 0 ? "no other storage driver is known that starts Windows"
            : missing.Count > 0 ? $"{string.Join(" and ", missing)} must be ready to start Windows before they are removed" : null;
    }

    private static IEnumerable<GuestKey> Active(RuleContext context) =>
        context.Windows.BootControlSets.SelectMany(set =>
            SafeToDisable.Select(set.Service).OfType<GuestKey>().Where(ServiceImage.IsEnabled));
}
