using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules.Agent;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Start;

/// <summary><c>start.computer-name</c>: with <c>--hostname</c>, the machine has this name from its first start on.</summary>
internal sealed class ComputerNameRule() : Rule(Description)
{
    private const string NameKey = @"Control\ComputerName\ComputerName";
    private const string Tcpip = @"Services\Tcpip\Parameters";

    private static readonly RuleContract Description = new("start.computer-name")
    {
        Title = "The machine has the name that was asked for",
        Severity = RuleSeverity.Error,
        Source = "Microsoft, SetComputerNameEx and Computer names; ReactOS SetComputerNameExW (the values that it writes)",
        Summary = $@"With --hostname: {NameKey}\ComputerName in capitals, {Tcpip}\NV Hostname and Hostname, in the control sets that a "
            + @"boot uses. Not for members of a domain.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (context.Request.HostName is not { } name)
        {
            return Finding.NotApplicable("No name was asked for (--hostname).");
        }

        if (SetupPhase.IsAhead(context.Windows))
        {
            return Finding.Failed($"This Windows continues its setup at the next start, which gives it a new name: {name} would not "
                + "stay.", "Name it in the answer file (ComputerName), or in the metadata of the cloud.");
        }

        var different = context.Windows.BootControlSets.Where(s => !Has(s, name)).ToList();
        if (different.Count == 0)
        {
            return Finding.Ok($"The machine starts under the name {name}.");
        }

        if (context.Windows.Facts.IsDomainController || IsDomainMember(context.Windows))
        {
            return Finding.Failed("The machine is a member of a domain: under another name it is not known there.",
                "Leave out --hostname; rename it on the running machine (`Rename-Computer -DomainCredential`), or let it leave the "
                    + "domain first.");
        }

        return Finding.Broken($"The machine starts under the name {different[0].Find(NameKey)?.GetString("ComputerName") ?? "(none)"}.",
            string.Join("; ",
                different.Select(s =>
                    $@"{s.Name}: {s.Find(NameKey)?.GetString("ComputerName")}, {s.Find(Tcpip)?.GetString("NV Hostname")}")), name);
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        var name = context.Request.HostName!;
        foreach (var set in context.Windows.BootControlSets)
        {
            set.Key.Create(NameKey).SetString("ComputerName", name.ToUpperInvariant());
            var tcpip = set.Key.Create(Tcpip);
            tcpip.SetString("NV Hostname", name);
            tcpip.SetString("Hostname", name);
        }
    }

    /// <summary>
    /// Whether Windows accepts this as computer name and DNS as host name: 1 to 15 letters, digits and hyphens, no hyphen at an end,
    /// not digits alone.
    /// </summary>
    internal static bool IsValid(string name) =>
        name.Length is > 0 and <= 15 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') && name[0] != '-' && name[^1] != '-'
            && !name.All(char.IsAsciiDigit);

    private static bool Has(ControlSet set, string name) =>
        string.Equals(set.Find(NameKey)?.GetString("ComputerName"), name, StringComparison.OrdinalIgnoreCase)
        && string.Equals(set.Find(Tcpip)?.GetString("NV Hostname"), name, StringComparison.OrdinalIgnoreCase)
        && string.Equals(set.Find(Tcpip)?.GetString("Hostname"), name, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// A member has the SID of its domain in SECURITY (LSA policy PolPrDmS); where that cannot be read, a DNS domain that follows the
    /// membership counts.
    /// </summary>
    private static bool IsDomainMember(WindowsSystem windows) =>
        windows.Load(HiveName.Security).Hive is { } security && security.Root.Find(@"Policy\PolPrDmS") is { } key
            ? key.GetBinary("") is { Length: > 8 } sid && sid.AsSpan().ContainsAnyExcept((byte)0)
            : windows.Current.Find(Tcpip) is { } tcpip && tcpip.GetDword("SyncDomainWithMembership") == 1
                && tcpip.GetString("NV Domain") is { Length: > 0 };
}
