using OfflinePatch.Core.Text;
using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Agent;

/// <summary>
/// What an installed and configured agent needs of the rest of Windows: the services that it depends on, the account that it runs under,
/// the account that its configuration names, and access to the metadata without a proxy.
/// </summary>
internal static class AgentSurroundings
{
    private const string Profile = "PublicProfile";
    private const string Outbound = "DefaultOutboundAction";

    /// <summary>The normal start types of what the agent depends on, as Windows 10 and Server 2019 have them.</summary>
    private static readonly Dictionary<string, uint> Healthy = new(StringComparer.OrdinalIgnoreCase)
    {
        ["winmgmt"] = 2,
        ["profsvc"] = 2,
        ["nsi"] = 2,
        ["nsiproxy"] = 1,
        ["RpcSs"] = 2,
        ["RpcEptMapper"] = 2,
        ["DcomLaunch"] = 2,
    };

    /// <summary>The first thing that is wrong, or null.</summary>
    public static Finding? Judge(RuleContext context, CloudbaseInitInstallation found, CloudbaseInitConfig config) =>
        JudgeDependencies(context.Windows) ?? JudgeServiceAccount(context, found) ?? JudgeUser(context, config)
            ?? MetadataProxy.Judge(context.Windows, found.Account) ?? JudgeFirewall(context.Windows) ?? JudgeDrive(context.Windows);

    /// <summary>Sets the start of disabled services that the agent depends on to that of a healthy system.</summary>
    public static void EnableDependencies(WindowsSystem windows)
    {
        foreach (var lost in Lost(windows).Where(CanEnable))
        {
            lost.Set.Service(lost.Name)!.SetDword("Start", Healthy[lost.Name]);
        }
    }

    /// <summary>What keeps the service from being started: what it depends on, and what that depends on.</summary>
    private static Finding? JudgeDependencies(WindowsSystem windows)
    {
        var lost = Lost(windows);
        if (lost.Count == 0)
        {
            return null;
        }

        var text = string.Join("; ", lost.Select(d => d.Evidence));
        if (lost.TrueForAll(d => d.Fault == DependencyFault.Disabled))
        {
            return lost.TrueForAll(CanEnable)
                ? Finding.Broken($"Cloudbase-Init depends on services that are disabled: {text}.", text,
                    string.Join("; ", lost.Select(d => $"{d.Name}: {ServiceImage.StartText(Healthy[d.Name])}").Distinct()))
                : Finding.Failed($"Cloudbase-Init depends on services that are disabled: {text}.",
                    $"Enable them, each with {OfflineCommands.SetServiceStart("NAME", 2)}.", text);
        }

        var first = lost.First(d => d.Fault != DependencyFault.Disabled);
        return Finding.Failed($"Cloudbase-Init depends on services that are disabled or missing: {text}. The agent does not start.",
            OfflineCommands.Restore(first), text);
    }

    private static bool CanEnable(LostDependency lost) => lost.Fault == DependencyFault.Disabled && Healthy.ContainsKey(lost.Name);

    private static List<LostDependency> Lost(WindowsSystem windows) =>
        [.. windows.BootControlSets.SelectMany(s => ServiceDependencies.Lost(s, CloudbaseInitPlan.ServiceName))];

    private static Finding? JudgeServiceAccount(RuleContext context, CloudbaseInitInstallation found)
    {
        var windows = context.Windows;
        if (windows.Facts.IsDomainController || found.Account is not { } account || LocalName(windows, account) is not { } name
            || windows.Load(HiveName.Sam).Hive is not { } sam)
        {
            return null;
        }

        var local = LocalAccounts.Read(sam).FirstOrDefault(a => a.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return WhyUnusable(context, local) is not { } why ? null
            : Finding.Failed(
                $@"Services\cloudbase-init runs under {account}, an account that {why}: the service cannot log on (error 1069).",
                "In the source machine: `sc config cloudbase-init obj= LocalSystem`, or create the account; then export it again.",
                account);
    }

    /// <summary>The name of a local account in an ObjectName; null for the accounts of Windows itself and for those of a domain.</summary>
    private static string? LocalName(WindowsSystem windows, string account)
    {
        var parts = account.Split('\\');
        if (parts is [var alone] && alone.Length > 0 && !alone.Contains('@', StringComparison.Ordinal)
            && !alone.Equals("LocalSystem", StringComparison.OrdinalIgnoreCase))
        {
            return alone;
        }

        return parts is [var domain, var name]
            && (domain == "." || domain.Equals(windows.Facts.ComputerName, StringComparison.OrdinalIgnoreCase)) ? name : null;
    }

    private static Finding? JudgeUser(RuleContext context, CloudbaseInitConfig config)
    {
        var windows = context.Windows;
        if (windows.Facts.IsDomainController || config.Get("DEFAULT", "username") is not { Length: > 0 } user
            || windows.Load(HiveName.Sam).Hive is not { } sam)
        {
            return null;
        }

        var accounts = LocalAccounts.Read(sam);
        var account = accounts.FirstOrDefault(a => a.Name.Equals(user, StringComparison.OrdinalIgnoreCase));
        if (account is not null && WhyUnusable(context, account) is { } why)
        {
            return Finding.Failed(
                $@"cloudbase-init.conf names the account {user}, which {why} in SAM\Domains\Account\Users: the agent sets its password "
                    + @"and changes nothing else about it.",
                account.IsEnabled && !account.IsLocked
                    ? "Name another account in the configuration, or none and let the agent create it."
                    : $"`offlinepatch accounts enable IMAGE {ShellText.Quote(user)}`, or name another account in the configuration.",
                $"{user} {why}");
        }

        var groups = LocalAccounts.GroupNames(sam);
        if (groups.Count > 0 && (config.Get("DEFAULT", "groups") ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .FirstOrDefault(g => !groups.Contains(g, StringComparer.OrdinalIgnoreCase)) is { } group)
        {
            return Finding.Failed(
                $@"cloudbase-init.conf names the group {group}, which SAM\Domains\Builtin\Aliases and SAM\Domains\Account\Aliases do not "
                    + $@"have: the agent stops when it makes {user} a member.",
                "Name a group of this Windows in the configuration (`net localgroup` lists them), or create it; then export it again.",
                group);
        }

        return account is null && accounts.Count > 0 && config.Get("DEFAULT", "plugins") is { } plugins
            && !plugins.Contains("CreateUserPlugin", StringComparison.Ordinal)
            ? Finding.Failed(
                $@"cloudbase-init.conf names the account {user}, which SAM\Domains\Account\Users does not have, and no plugin creates it.",
                "Create the account in the source machine, or add CreateUserPlugin to the plugins.", user)
            : null;
    }

    private static string? WhyUnusable(RuleContext context, LocalAccount? account) =>
        account is null ? "does not exist"
        : !account.IsEnabled ? "is disabled"
        : account.IsLocked ? "is locked"
        : account.ExpiresUtc is { } expiry && expiry <= context.Clock.GetUtcNow().UtcDateTime ? "has expired"
        : null;

    /// <summary>
    /// A firewall that blocks all output: whether a rule lets the agent's requests out is not judged. A network that Windows meets first is
    /// a public one. Source: [MS-GPFAS] (EnableFirewall, DefaultOutboundAction: 1 blocks); policies go before local settings.
    /// </summary>
    private static Finding? JudgeFirewall(WindowsSystem windows)
    {
        var policy = windows.Software.Root.Find($@"Policies\Microsoft\WindowsFirewall\{Profile}");
        var local = windows.Current.Find($@"Services\SharedAccess\Parameters\FirewallPolicy\{Profile}");
        var blocking = new[] { policy, local }.FirstOrDefault(k => k?.GetDword(Outbound) is not null);
        return blocking?.GetDword(Outbound) == 1 && (policy?.GetDword("EnableFirewall") ?? local?.GetDword("EnableFirewall")) is not 0
            ? Finding.Failed($@"{blocking.Path}\{Outbound}=1: the firewall lets out only what a rule names, and whether one lets out the "
                + "agent's requests for its metadata is not known.",
                "Add a rule for python.exe of Cloudbase-Init in the source machine, or allow outbound connections (`netsh advfirewall set "
                    + "publicprofile firewallpolicy blockinbound,allowoutbound`); then export it again.", $"{Outbound}=1") with
            { Severity = RuleSeverity.Warning }
            : null;
    }

    /// <summary>A filter that Windows cannot load keeps every CD-ROM drive from starting, and a configuration drive is one.</summary>
    private static Finding? JudgeDrive(WindowsSystem windows)
    {
        var found = windows.BootControlSets.SelectMany(s => DeviceFilters.Unloadable(windows, s, DeviceClass.CdRom)).FirstOrDefault();
        return found is { Filter: { } filter, Fault: var fault }
            ? Finding.Failed(
                $"{DeviceFilters.Text(filter, fault)}: no CD-ROM drive starts, and the agent cannot read a configuration drive.",
                "Remove the filter from the list in the source machine, or uninstall its program; then export it again.",
                filter.Filter) with
            { Severity = RuleSeverity.Warning }
            : null;
    }
}
