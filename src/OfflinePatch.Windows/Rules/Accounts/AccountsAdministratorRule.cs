using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Accounts;

/// <summary><c>accounts.administrator</c>: somebody can administer the machine (images-and-cloud.md R14). SAM is read, never written.</summary>
internal sealed class AccountsAdministratorRule() : Rule(Description)
{
    private static readonly RuleContract Description = new("accounts.administrator")
    {
        Title = "There is an enabled administrator with a password",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS: an external image must contain a usable administrator account and password",
        Summary = @"SAM\Domains\Account\Users and the local group Administrators; read only.",
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (Sam(context, out var reason) is not { } sam)
        {
            return Finding.NotApplicable(reason);
        }

        var now = context.Clock.GetUtcNow().UtcDateTime;
        var administrators = LocalAccounts.Read(sam).Where(a => a.IsAdministrator || a.Rid == LocalAccount.AdministratorRid).ToList();
        var usable = administrators.Where(a => a.IsEnabled && !a.IsLocked && a.HasPassword && (a.ExpiresUtc is null || a.ExpiresUtc > now)).ToList();
        return usable.Count > 0
            ? Finding.Ok($"{string.Join(", ", usable.Select(a => a.Name))} can log on and {(usable.Count == 1 ? "is an administrator" : "are administrators")}: enabled, with a password.")
            : Finding.Failed(
                administrators.Count == 0
                    ? @"SAM\Domains\Account\Users names no administrator (RID 500, or a member of Administrators)."
                    : $@"No administrator in SAM\Domains\Account\Users can log on: {string.Join(", ", administrators.Select(a => $"{a.Name} ({Why(a, now)})"))}.",
                "In the source machine: `net user Administrator * /active:yes` with a password of upper and lower case letters, digits and one of !@$%^-_=+[{}]:,./?; or let Cloudbase-Init set it at the first start.");
    }

    /// <summary>SAM, or why its accounts mean nothing here.</summary>
    internal static GuestHive? Sam(RuleContext context, out string reason)
    {
        reason = "";
        if (context.Windows.Facts.IsDomainController)
        {
            reason = "This is a domain controller: its accounts are in Active Directory, and SAM holds the recovery account only.";
            return null;
        }

        var load = context.Windows.Load(HiveName.Sam);
        if (load.Hive is null)
        {
            reason = load.Failure is null
                ? $"{context.Windows.GuestPath(load.Path)} does not exist: the accounts cannot be read."
                : $"{context.Windows.GuestPath(load.Path)} cannot be read: {load.Failure.Message}";
        }

        return load.Hive;
    }

    private static string Why(LocalAccount account, DateTime now) =>
        !account.IsEnabled ? "disabled"
        : account.IsLocked ? "locked"
        : account.ExpiresUtc is { } expiry && expiry <= now ? $"expired on {expiry:yyyy-MM-dd}"
        : "no password";
}
