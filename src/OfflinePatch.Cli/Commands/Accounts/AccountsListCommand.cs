using System.CommandLine;
using System.Globalization;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Accounts;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Accounts;

/// <summary><c>accounts list IMAGE</c>: who can log on; never a hash.</summary>
internal static class AccountsListCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        One line for each account: name, RID, kind, whether it is an administrator, enabled, locked, and whether a password is set.
        Never a hash, and never which password.
        """,
        [new("Accounts without a password:",
            "offlinepatch accounts list server.vmdk --json | jq '.accounts[] | select(.password == \"blank\" and .enabled)'")],
        Reading)
    {
        SeeAlso = ["inspect"],
    };

    public static Command Create()
    {
        var edit = new EditArguments();
        var image = CommonArguments.Image();
        var command = new Command("list", "Lists the local accounts: name, RID, kind, enabled, locked, password set or blank.") { image };
        edit.AddTo(command, writes: false);
        command.SetGuardedAction((result, _) =>
        {
            var path = result.GetRequiredValue(image);
            using var opened = ImageEdit.OpenToRead(path, edit.Read(result));
            var windows = opened.RequireWindows();
            var editor = AccountEditor.ToRead(windows);
            var accounts = editor.List().Select(a => Describe(a, editor)).ToList();
            var note = windows.Facts.IsDomainController
                ? "This is a domain controller: these are accounts of its recovery mode; the domain's are in Active Directory."
                : null;
            if (GlobalOptions.WantsJson(result))
            {
                DocumentJson.Print(new AccountListDocument(path, accounts, note));
                return ExitCode.Done;
            }

            var width = accounts.Select(a => a.Name.Length).Append(4).Max();
            foreach (var account in accounts)
            {
                Output.Line($"{account.Name.PadRight(width)}  {account.Rid,5}  {account.Kind,-20}  "
                    + $"{(account.Administrator ? "administrator" : ""),-13}  "
                    + $"{(account.Enabled ? "enabled" : "disabled"),-8}  {(account.Locked ? "locked" : ""),-6}  "
                    + $"{(account.Password == "set" ? "password set" : "no password")}");
            }

            if (note is not null)
            {
                Output.Note(note);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static AccountEntry Describe(LocalAccount account, AccountEditor editor) => new(
        DocumentJson.Valid(account.Name), account.Rid, KindText(account.Kind),
        account.IsAdministrator || account.Rid == LocalAccount.AdministratorRid,
        account.IsEnabled, account.IsLocked, editor.IsBlank(account) ? "blank" : "set")
    {
        Expires = account.ExpiresUtc?.ToString("O", CultureInfo.InvariantCulture),
    };

    private static string KindText(AccountKind kind) => char.ToLowerInvariant(kind.ToString()[0]) + kind.ToString()[1..];
}
