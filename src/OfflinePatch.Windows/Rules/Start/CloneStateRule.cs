using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Start;

/// <summary>
/// <c>start.clone-state</c>: with <c>--reset-clone-state</c>, machines made from this image do not present themselves as the same one: what
/// identifies the machine to a DHCP server and an update server, and what the agent has done, is deleted. It is not Sysprep: the SID of the
/// machine stays.
/// </summary>
internal sealed class CloneStateRule() : Rule(Description)
{
    private const string Tcpip6 = @"Services\Tcpip6\Parameters";
    private const string Updates = @"Microsoft\Windows\CurrentVersion\WindowsUpdate";
    private static readonly string[] UpdateIds = ["SusClientId", "SusClientIdValidation", "PingID", "AccountDomainSid"];

    private static readonly RuleContract Description = new("start.clone-state")
    {
        Title = "Machines made from this image can be told apart",
        Severity = RuleSeverity.Warning,
        Source = "Microsoft: duplicate SusClientId of cloned clients; RFC 8415 (DHCP unique identifier); Cloudbase-Init (state of plugins)",
        Summary = $@"With --reset-clone-state: {Tcpip6}\Dhcpv6DUID, SOFTWARE\{Updates}\{{{string.Join(", ", UpdateIds)}}} and "
            + @"SOFTWARE\Cloudbase Solutions\Cloudbase-Init\*\Plugins are deleted; each machine makes its own. The SID of the machine "
            + @"stays; --hostname gives a name.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (!context.Request.ResetCloneState)
        {
            return Finding.NotApplicable("The state of the machine stays (--reset-clone-state resets it for clones).");
        }

        var remarks = new[]
        {
            "The SID of the machine stays: members of one domain may share it, but Sysprep is the only way to another one. It is also "
                + "the reason why one clone of a domain controller must never run together with the other.",
            context.Request.HostName is null
                ? "The name of the machine stays: clones in one network need names of their own, from the metadata of the cloud "
                    + "(Cloudbase-Init) or with --hostname, an image for each."
                : "All machines made from this image have the same name: one image for each.",
        };
        var found = Found(context).ToList();
        return (found.Count == 0
            ? Finding.Ok("There is no Dhcpv6DUID, no id of the update client and no state of the agent.")
            : Finding.Broken("Machines made from this image would present themselves as one: "
                + $"{string.Join("; ", found.Select(f => $@"{f.Key.Path}\{f.Name}"))}.", "of the source machine",
                "deleted; each machine makes its own")) with
        { Remarks = remarks };
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        foreach (var (key, name, isKey) in Found(context).ToList())
        {
            if (isKey)
            {
                key.DeleteSubKeyTree(name);
            }
            else
            {
                key.DeleteValue(name);
            }
        }
    }

    private static IEnumerable<(GuestKey Key, string Name, bool IsKey)> Found(RuleContext context)
    {
        foreach (var set in context.Windows.ControlSets)
        {
            if (set.Find(Tcpip6) is { } key && key.HasValue("Dhcpv6DUID"))
            {
                yield return (key, "Dhcpv6DUID", false);
            }
        }

        if (context.Windows.Software.Root.Find(Updates) is { } updates)
        {
            foreach (var name in UpdateIds.Where(updates.HasValue))
            {
                yield return (updates, name, false);
            }
        }

        foreach (var state in CloudbaseInitInstallation.Find(context.Windows)?.PluginStates ?? [])
        {
            yield return (state, "Plugins", true);
        }
    }
}
