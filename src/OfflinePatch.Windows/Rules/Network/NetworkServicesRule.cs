using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Network;

/// <summary>
/// <c>network.services</c>: the drivers and services without which there is no network are not disabled (boot-network-accounts.md §2.4).
/// Only Start=4 is evidence; any other value is the owner's choice.
/// </summary>
internal sealed class NetworkServicesRule() : Rule(Description)
{
    /// <summary>
    /// The values measured on healthy systems by Azure/repair-script-library, and seen in the hives of Windows 7, 8.1 and 10.
    /// </summary>
    private static readonly (string Service, uint Start)[] Healthy =
    [
        ("NDIS", 0), ("Tcpip", 0), ("AFD", 1), ("tdx", 1), ("nsiproxy", 1), ("nsi", 2), ("RpcSs", 2), ("RpcEptMapper", 2),
        ("DcomLaunch", 2),
        ("BFE", 2), ("MpsSvc", 2), ("Dhcp", 2), ("Dnscache", 2), ("NlaSvc", 2),

        // What installs a network adapter at the first start, as healthy Windows 10 machines have it; PlugPlay is automatic up to Windows
        // 7.
        ("PlugPlay", 3), ("DeviceInstall", 3), ("NetSetupSvc", 3), ("DsmSvc", 3), ("CryptSvc", 2), ("Power", 2), ("EventLog", 2),
    ];

    /// <summary>Services that give the machine its address: on demand, nothing starts them.</summary>
    private static readonly string[] Automatic = ["Dhcp", "nsi"];

    /// <summary>Without them there is no TCP/IP or no address at all; every Windows from 7 on has them.</summary>
    private static readonly string[] Needed =
        ["NDIS", "Tcpip", "AFD", "nsiproxy", "nsi", "RpcSs", "RpcEptMapper", "DcomLaunch", "Dhcp"];

    private static readonly RuleContract Description = new("network.services")
    {
        Title = "The services that a network and its installation need are not disabled",
        Source = "Azure win-fix-network-connectivity.ps1 (values measured on healthy systems); support.microsoft.com: Error codes in "
            + "Device Manager (19, 32, 39: UpperFilters and LowerFilters)",
        Summary = $@"Services\{{{string.Join(", ", Healthy.Select(h => h.Service))}}}\Start: 4 (disabled) becomes the value of a healthy "
            + $@"system; what those depend on (DependOnService, DependOnGroup) is there and not disabled; {string.Join(", ", Needed)} "
            + $@"exist. Control\Class\{DeviceClass.Net} (network adapters): a filter in UpperFilters or LowerFilters that Windows cannot "
            + "load is removed.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var disabled = Disabled(context).Concat(DisabledAdapters(context)).ToList();
        if (Missing(context) is [var lost, ..] missing)
        {
            return Finding.Failed(
                $@"{string.Join(", ", missing)}: missing. There is no network without it.",
                "Repair Windows in the source machine (`sfc /scannow`, `DISM /Online /Cleanup-Image /RestoreHealth`), or take the key from "
                    + $"an installation of the same version (`reg export`); then export it again.", lost);
        }

        if (disabled.Count == 0 && Filters(context).ToList() is [var filter, ..] filters)
        {
            return Finding.Broken(
                $@"{Describe(filter)}: no network adapter starts.", string.Join("; ", filters.Select(Describe)),
                string.Join("; ", filters.Select(f => $"{f.Filter.Filter} removed").Distinct()));
        }

        if (disabled.Count == 0 && LostDependencies(context) is [var first, ..] dependencies)
        {
            return Finding.Failed(
                @"Disabled or missing under Services, and services of the network depend on it: "
                    + $@"{string.Join("; ", dependencies.Select(d => $@"{d.Name} ({d.Needs})"))}.",
                OfflineCommands.Restore(first), string.Join("; ", dependencies.Select(d => d.Evidence)));
        }

        if (disabled.Count == 0 && OnDemand(context) is [var manual, ..])
        {
            return Finding.Failed(
                $@"{manual.Path}\Start=3: the service starts on demand only, and nothing may start it before the machine has an address.",
                $"{OfflineCommands.SetServiceStart(manual.Name, 2)}.", "demand", "auto") with
            { Severity = RuleSeverity.Warning };
        }

        return disabled.Count == 0
            ? Finding.Ok("None of the services that this rule knows the network and the installation of its adapter to need is disabled.")
            : Finding.Broken(
                @"Disabled under Services (Start=4): "
                    + $@"{string.Join(", ", disabled.Select(d => d.Key.Name).Distinct(StringComparer.OrdinalIgnoreCase))}.",
                string.Join("; ", disabled.Select(d => $@"{d.Key.Path}\Start=4")),
                string.Join("; ", disabled.Select(d => $"{d.Key.Name}: {ServiceImage.StartText(d.Start)}").Distinct()));
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        foreach (var (key, start) in Disabled(context).Concat(DisabledAdapters(context)).ToList())
        {
            key.SetDword("Start", start);
        }

        foreach (var (filter, _) in Filters(context).ToList())
        {
            DeviceFilters.Remove(filter);
        }
    }

    private static List<string> Missing(RuleContext context) =>
        !context.Windows.Facts.AtLeast(6, 1)
            ? []
            : [.. from set in context.Windows.BootControlSets
                  from name in Needed
                  where set.Service(name)?.GetDword("Start") is null
                  select $@"{set.Name}\Services\{name}"];

    private static IEnumerable<(DeviceFilter Filter, FilterFault Fault)> Filters(RuleContext context) =>
        context.Windows.BootControlSets.SelectMany(s => DeviceFilters.Unloadable(context.Windows, s, DeviceClass.Net));

    private static string Describe((DeviceFilter Filter, FilterFault Fault) found) =>
        DeviceFilters.Text(found.Filter, found.Fault);

    private static IEnumerable<(GuestKey Key, uint Start)> Disabled(RuleContext context)
    {
        foreach (var set in context.Windows.BootControlSets)
        {
            foreach (var (service, start) in Healthy)
            {
                if (set.Service(service) is { } key && key.GetDword("Start") == ServiceImage.Disabled)
                {
                    yield return (key, service == "PlugPlay" && !context.Windows.Facts.AtLeast(6, 2) ? 2 : start);
                }
            }
        }
    }

    /// <summary>
    /// Services of the drivers that the target demands for its network adapters. Where Windows meets the adapter again, a disabled one
    /// keeps it from starting (code 32).
    /// </summary>
    private static IEnumerable<(GuestKey Key, uint Start)> DisabledAdapters(RuleContext context) =>
        from family in context.Sources.Manifest.Families
        let required = context.Profile.DemandOf(family.Name) is { Absent: false, Required: { } ids } ? ids : []
        from entry in family.Drivers
        where entry.Role == DriverRole.Network && required.Contains(entry.Id, StringComparer.OrdinalIgnoreCase)
        from service in entry.Services
        from set in context.Windows.BootControlSets
        let key = set.Service(service)
        where key?.GetDword("Start") == ServiceImage.Disabled
        select (key, 3u);

    private static List<GuestKey> OnDemand(RuleContext context) =>
        [.. from set in context.Windows.BootControlSets
            from name in Automatic
            let key = set.Service(name)
            where key?.GetDword("Start") == 3
            select key];

    /// <summary>
    /// What the services of the network depend on, and what that depends on, that is disabled or not there. Its healthy value is not known
    /// here.
    /// </summary>
    private static List<LostDependency> LostDependencies(RuleContext context) =>
        [.. context.Windows.BootControlSets.SelectMany(s => ServiceDependencies.Lost(s, Healthy.Select(h => h.Service)))];
}
