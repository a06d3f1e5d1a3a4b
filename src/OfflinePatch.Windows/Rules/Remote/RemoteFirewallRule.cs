using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Remote;

/// <summary>
/// <c>remote.firewall</c>: with <c>--enable-rdp</c>, the built-in firewall rules let Remote Desktop in (images-and-cloud.md §4.6).
/// </summary>
internal sealed class RemoteFirewallRule() : Rule(Description)
{
    private const string RulesKey = @"Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules";
    private const string MainRule = "RemoteDesktop-UserMode-In-TCP";

    /// <summary>The rule as Windows 10 1709 ships it, for a machine whose own is gone (names are resources: no language in them).</summary>
    private const string NewRule =
        @"v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|App=%SystemRoot%\system32\svchost.exe|"
        + "Svc=termservice|Name=@FirewallAPI.dll,-28775|Desc=@FirewallAPI.dll,-28756|EmbedCtxt=@FirewallAPI.dll,-28752|";

    private static readonly RuleContract Description = new("remote.firewall")
    {
        Title = "The firewall lets Remote Desktop in",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS: allow Remote Desktop through the firewall in every network profile",
        Summary = $@"With --enable-rdp: {RulesKey}\RemoteDesktop-*-In-TCP and -UDP: Active=TRUE. The firewall stays on.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (!context.Request.EnableRdp)
        {
            return Finding.NotApplicable("Not asked for (--enable-rdp).");
        }

        var before = new List<string>();
        foreach (var set in context.Windows.BootControlSets)
        {
            if (set.Find(RulesKey) is not { } rules)
            {
                return Finding.Failed($@"{set.Name}\{RulesKey} is missing: the firewall has no rules.",
                    "Reset the firewall in the source machine: `netsh advfirewall reset`.");
            }

            before.AddRange(Inactive(rules).Select(r => $@"{set.Name}\{RulesKey}\{r}: Active=FALSE"));
            if (!rules.HasValue(MainRule))
            {
                before.Add($@"{set.Name}\{RulesKey}\{MainRule}: missing");
            }
        }

        return before.Count == 0
            ? Finding.Ok("The built-in firewall rules of Remote Desktop are active. Rules of group policies are not checked.")
            : Finding.Broken("The firewall does not let Remote Desktop in.", string.Join("; ", before), "Active=TRUE");
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        foreach (var set in context.Windows.BootControlSets)
        {
            if (set.Find(RulesKey) is not { } rules)
            {
                continue;
            }

            foreach (var name in Inactive(rules).ToList())
            {
                rules.SetString(name, rules.GetString(name)!
                    .Replace("|Active=FALSE|", "|Active=TRUE|", StringComparison.OrdinalIgnoreCase));
            }

            if (!rules.HasValue(MainRule))
            {
                rules.SetString(MainRule, NewRule);
            }
        }
    }

    private static IEnumerable<string> Inactive(GuestKey rules) =>
        from value in rules.Values
        where IsRemoteDesktop(value.Name)
            && rules.GetString(value.Name)?.Contains("|Active=FALSE|", StringComparison.OrdinalIgnoreCase) == true
        select value.Name;

    /// <summary>The rules of the group Remote Desktop; not those of Remote Desktop over WebSockets, and not shadowing.</summary>
    private static bool IsRemoteDesktop(string name) =>
        name.StartsWith("RemoteDesktop-", StringComparison.OrdinalIgnoreCase)
        && (name.Contains("In-TCP", StringComparison.OrdinalIgnoreCase) || name.Contains("In-UDP", StringComparison.OrdinalIgnoreCase))
        && !name.Contains("-WS", StringComparison.OrdinalIgnoreCase)
        && !name.Contains("Shadow", StringComparison.OrdinalIgnoreCase);
}
