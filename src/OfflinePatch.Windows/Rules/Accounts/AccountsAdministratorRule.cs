using OfflinePatch.Core;
using OfflinePatch.Windows.Accounts;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Accounts;

/// <summary><c>accounts.administrator</c>: someone can administer the machine (images-and-cloud.md R14). SAM is written only where the
/// user gives a password, or asks to enable the built-in administrator.</summary>
internal sealed class AccountsAdministratorRule() : Rule(Description)
{
    private static readonly RuleContract Description = new(PasswordPolicy.RuleId)
    {
        Title = "There is an enabled administrator with a password",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS: an external image must contain a usable administrator account and password",
        Summary = @"SAM\Domains\Account\Users and the local group Administrators. With --admin-password-file or --enable-administrator "
            + @"the account with RID 500 gets the password, and is enabled and unlocked.",
        CanFix = true,
        Parameters = [PasswordPolicy.MinLengthParameter, PasswordPolicy.MaxLengthParameter, PasswordPolicy.KindsParameter,
            PasswordPolicy.SpecialParameter],
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (Sam(context, out var reason) is not { } sam)
        {
            return Finding.NotApplicable(reason);
        }

        if (Asked(context, sam) is { } asked)
        {
            return asked;
        }

        var now = context.Clock.GetUtcNow().UtcDateTime;
        var administrators = LocalAccounts.Read(sam).Where(a => a.IsAdministrator || a.Rid == LocalAccount.AdministratorRid).ToList();
        var usable = administrators.Where(a => a.IsEnabled && !a.IsLocked && a.HasPassword && (a.ExpiresUtc is null || a.ExpiresUtc > now))
            .ToList();
        return usable.Count > 0
            ? Finding.Ok($"{string.Join(", ", usable.Select(a => a.Name))} "
                + $"{(usable.Count == 1 ? "is an administrator" : "are administrators")}, enabled, with a password, neither locked nor "
                + "expired. Rights to log on are not checked.")
            : Finding.Failed(
                administrators.Count == 0
                    ? @"SAM\Domains\Account\Users names no administrator (RID 500, or a member of Administrators)."
                    : @"No administrator in SAM\Domains\Account\Users can log on: "
                        + $@"{string.Join(", ", administrators.Select(a => $"{a.Name} ({Why(a, now)})"))}.",
                $"Give one a password: `offlinepatch fix --admin-password-file FILE` ({PasswordPolicy.For(context.Profile).Text}); or "
                    + "let Cloudbase-Init set it at the first start.");
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        var editor = new AccountEditor(context.Windows);
        if (context.Request.AdministratorPassword is { } password && !editor.HasPassword(LocalAccount.AdministratorRid, password))
        {
            editor.SetPassword(LocalAccount.AdministratorRid, password, PasswordPolicy.For(context.Profile));
        }

        editor.Enable(LocalAccount.AdministratorRid);
    }

    /// <summary>What is to be done because the user asks for it; null where nothing is, or nothing was asked for.</summary>
    private static Finding? Asked(RuleContext context, GuestHive sam)
    {
        var password = context.Request.AdministratorPassword;
        if (password is null && !context.Request.EnableAdministrator)
        {
            return null;
        }

        if (LocalAccounts.Read(sam).FirstOrDefault(a => a.Rid == LocalAccount.AdministratorRid) is not { } administrator)
        {
            return Finding.Failed(@"SAM\Domains\Account\Users has no built-in administrator (RID 500).",
                "Leave out --admin-password-file and --enable-administrator.");
        }

        if (password is null && !administrator.HasPassword)
        {
            return Finding.Failed($"{administrator.Name} (RID 500) has no password, and cannot be enabled without one.",
                "Give --admin-password-file too.");
        }

        try
        {
            var hasPassword = password is null || new AccountEditor(context.Windows).HasPassword(LocalAccount.AdministratorRid, password);
            var isUsable = administrator is { IsEnabled: true, IsLocked: false };
            if (!hasPassword && PasswordPolicy.For(context.Profile).WhyNot(password!, administrator.Name) is { } why)
            {
                return Finding.Failed($"The password for {administrator.Name} (RID 500) is not accepted: {why}.",
                    $"Choose one of {PasswordPolicy.For(context.Profile).Text}.") with
                { Severity = RuleSeverity.Error };
            }

            var state = administrator.IsEnabled ? "locked" : "disabled";
            return hasPassword && isUsable
                ? null
                : Finding.Broken(
                    $"{administrator.Name} (RID 500) {(hasPassword ? $"is {state}" : "does not have the password that was given")}.",
                    isUsable ? "another password, or none" : state,
                    (hasPassword
                        ? ""
                        : "the password that was given (files that the account encrypted with EFS and its saved credentials are lost), ")
                    + "enabled, not locked");
        }
        catch (Exception e) when (e is UnsupportedImageException or RefusedException or CorruptImageException)
        {
            return Finding.Failed(e.Message, "Set the password after the machine has started, or let Cloudbase-Init do it.");
        }
    }

    /// <summary>SAM, or why its accounts do not matter here.</summary>
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
