using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Rules.Network;

/// <summary>
/// <c>network.services</c>: the drivers and services without which there is no network are not disabled (boot-network-accounts.md §2.4).
/// Only Start=4 is evidence; any other value is somebody's choice.
/// </summary>
internal sealed class NetworkServicesRule() : Rule(Description)
{
    /// <summary>The values measured on healthy systems by Azure/repair-script-library, and seen in the hives of Windows 7, 8.1 and 10.</summary>
    private static readonly (string Service, uint Start)[] Healthy =
    [
        ("NDIS", 0), ("Tcpip", 0), ("AFD", 1), ("tdx", 1), ("nsiproxy", 1), ("nsi", 2), ("RpcSs", 2), ("RpcEptMapper", 2), ("DcomLaunch", 2),
        ("BFE", 2), ("MpsSvc", 2), ("Dhcp", 2), ("Dnscache", 2), ("NlaSvc", 2),

        // What installs a network adapter at the first start, as healthy Windows 10 machines have it; PlugPlay is automatic up to Windows 7.
        ("PlugPlay", 3), ("DeviceInstall", 3), ("NetSetupSvc", 3), ("DsmSvc", 3), ("CryptSvc", 2),
    ];

    private static readonly RuleContract Description = new("network.services")
    {
        Title = "The services that a network and its installation need are not disabled",
        Source = "Azure win-fix-network-connectivity.ps1 (values measured on healthy systems)",
        Summary = $@"Services\{{{string.Join(", ", Healthy.Select(h => h.Service))}}}\Start: 4 (disabled) becomes the value of a healthy system.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var disabled = Disabled(context).ToList();
        return disabled.Count == 0
            ? Finding.Ok("None of the services that the network and the installation of its adapter need is disabled.")
            : Finding.Broken(
                $@"Disabled under Services (Start=4): {string.Join(", ", disabled.Select(d => d.Key.Name).Distinct(StringComparer.OrdinalIgnoreCase))}.",
                string.Join("; ", disabled.Select(d => $@"{d.Key.Path}\Start=4")),
                string.Join("; ", disabled.Select(d => $"{d.Key.Name}: {ServiceImage.StartText(d.Start)}").Distinct()));
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        foreach (var (key, start) in Disabled(context).ToList())
        {
            key.SetDword("Start", start);
        }
    }

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
}
