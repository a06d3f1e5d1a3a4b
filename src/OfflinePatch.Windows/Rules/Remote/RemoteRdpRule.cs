using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Remote;

/// <summary>
/// <c>remote.rdp</c>: with <c>--enable-rdp</c>, Remote Desktop accepts connections (images-and-cloud.md §4.6). NLA stays as it is.
/// </summary>
internal sealed class RemoteRdpRule() : Rule(Description)
{
    private const string TerminalServer = @"Control\Terminal Server";
    private const string Policy = @"Policies\Microsoft\Windows NT\Terminal Services";
    private static readonly string[] Services = ["TermService", "SessionEnv", "UmRdpService"];

    private static readonly RuleContract Description = new("remote.rdp")
    {
        Title = "Remote Desktop is on",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS: enable remote desktop connection; Azure, Google Compute Engine, AWS",
        Summary = $@"With --enable-rdp: {TerminalServer}\fDenyTSConnections=0, the policy copy in SOFTWARE\{Policy} (it wins), "
            + @"TermService, SessionEnv, UmRdpService not disabled, nor what they depend on.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var denied = context.Windows.Current.Find(TerminalServer)?.GetDword("fDenyTSConnections") is not 0;
        if (!context.Request.EnableRdp)
        {
            return Finding.NotApplicable(denied
                ? $@"Remote Desktop is off ({TerminalServer}\fDenyTSConnections). Ask for it with --enable-rdp."
                : $@"{TerminalServer}\fDenyTSConnections is 0. Its policy, services and firewall rules are judged with --enable-rdp only.");
        }

        var before = new List<string>();
        foreach (var set in context.Windows.BootControlSets)
        {
            if (set.Find(TerminalServer)?.GetDword("fDenyTSConnections") is not 0)
            {
                var setting = set.Find(TerminalServer)?.GetDword("fDenyTSConnections")?.ToString() ?? "absent";
                before.Add($@"{set.Name}\{TerminalServer}\fDenyTSConnections={setting}");
            }

            before.AddRange(Disabled(set).Select(k => $@"{set.Name}\Services\{k.Name}\Start=4"));
        }

        if (context.Windows.Software.Root.Find(Policy)?.GetDword("fDenyTSConnections") is not (null or 0))
        {
            before.Add($@"SOFTWARE\{Policy}\fDenyTSConnections=1");
        }

        if (before.Count == 0 && Lost(context) is [var first, ..] lost)
        {
            return Finding.Failed(
                "The services of Remote Desktop depend on services that are disabled or missing: "
                    + $"{string.Join("; ", lost.Select(d => d.Evidence))}.",
                OfflineCommands.Restore(first), string.Join("; ", lost.Select(d => d.Evidence)));
        }

        return before.Count == 0
            ? Finding.Ok($"Remote Desktop is not denied, and its services are not disabled.{Remarks(context)}")
            : Finding.Broken("Remote Desktop is off.", string.Join("; ", before), "fDenyTSConnections=0, services on demand");
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        foreach (var set in context.Windows.BootControlSets)
        {
            set.Key.Create(TerminalServer).SetDword("fDenyTSConnections", 0);
            foreach (var key in Disabled(set).ToList())
            {
                key.SetDword("Start", 3);
            }
        }

        if (context.Windows.Software.Root.Find(Policy) is { } policy && policy.GetDword("fDenyTSConnections") is not (null or 0))
        {
            policy.SetDword("fDenyTSConnections", 0);
        }
    }

    private static IEnumerable<GuestKey> Disabled(ControlSet set) =>
        Services.Select(set.Service).OfType<GuestKey>().Where(k => k.GetDword("Start") == ServiceImage.Disabled);

    /// <summary>What the services that are there depend on, and that does not start.</summary>
    private static List<LostDependency> Lost(RuleContext context) =>
        [.. context.Windows.BootControlSets.SelectMany(s => ServiceDependencies.Lost(s, Services))];

    private static string Remarks(RuleContext context)
    {
        var station = context.Windows.Current.Find(TerminalServer + @"\WinStations\RDP-Tcp");
        var port = station?.GetDword("PortNumber") ?? 3389;
        return (port != 3389 ? $" It listens on port {port}, which the built-in firewall rule does not open." : "")
            + (station?.GetDword("UserAuthentication") == 1 ? " Network Level Authentication is required." : "");
    }
}
