using OfflinePatch.Windows.Accounts;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Accounts;

/// <summary><c>accounts.password</c>: no enabled account has an empty password (images-and-cloud.md R12). SAM is read only.</summary>
internal sealed class AccountsPasswordRule() : Rule(Description)
{
    private static readonly RuleContract Description = new("accounts.password")
    {
        Title = "Every enabled account has a password",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS: the initial password has upper and lower case, digits and special characters; AWS: all accounts must have "
            + "passwords",
        Summary = @"SAM\Domains\Account\Users: whether a password is set; never which. LimitBlankPasswordUse keeps accounts without one "
            + @"from remote logon.",
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (AccountsAdministratorRule.Sam(context, out var reason) is not { } sam)
        {
            return Finding.NotApplicable(reason);
        }

        var accounts = LocalAccounts.Read(sam);
        if (accounts.Count == 0)
        {
            return Finding.NotApplicable("SAM names no account.");
        }

        var empty =
            accounts
                .Where(a => a is { IsEnabled: true, HasPassword: false }
                    && (a.IsNormal || a.IsAdministrator || a.Rid == LocalAccount.AdministratorRid)).ToList();
        return empty.Count == 0
            ? Finding.Ok("Every enabled account has a password. Whether it is strong enough cannot be seen: the target requires "
                + $"{PasswordPolicy.For(context.Profile).Text}.")
            : Finding.Failed(
                @"Enabled accounts without a password in SAM\Domains\Account\Users: "
                    + $@"{string.Join(", ", empty.Select(a => $"{a.Name} ({a.Rid:X8})"))}.{BlankUse(context)}",
                $"Set a password: `offlinepatch accounts set-password IMAGE NAME` ({PasswordPolicy.For(context.Profile).Text}); or "
                    + "disable the account in the source machine (`net user NAME /active:no`).");
    }

    private static string BlankUse(RuleContext context) =>
        context.Windows.Current.Find(@"Control\Lsa")?.GetDword("LimitBlankPasswordUse") == 0
            ? @" Control\Lsa\LimitBlankPasswordUse=0 lets everybody log on with them from the network."
            : @" They cannot log on remotely (Control\Lsa\LimitBlankPasswordUse).";
}
