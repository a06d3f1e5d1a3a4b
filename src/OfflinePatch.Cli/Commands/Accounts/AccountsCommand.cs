using System.CommandLine;
using OfflinePatch.Cli.Help;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Accounts;

/// <summary><c>accounts …</c>: the local accounts of an image.</summary>
internal static class AccountsCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Local accounts of the Windows in an image, without starting it. What is changed is a transaction with an undo file. RID 500 is
        the built-in administrator, whatever its name is in the language of this Windows.

        A domain controller is listed but not changed: its accounts are in Active Directory. The password of a Microsoft account is not
        kept on the machine and cannot be set.
        """,
        [
            new("Who can log on?", "offlinepatch accounts list server.vmdk"),
            new("A new password for the administrator, who is enabled too:",
                "offlinepatch accounts set-password server.vmdk 500 --password-file secret.txt && offlinepatch accounts enable "
                    + "server.vmdk 500"),
        ],
        [Changed, Usage, Unreadable, Refused, HostFailure, ResultLost, Cancelled])
    {
        Environment = [Clock],
        Files = [UndoFile],
        SeeAlso = ["fix", "inspect", "undo"],
    };

    public static Command Create() => new("accounts", "The local accounts of the Windows in an image: list, password, enable, unlock.")
    {
        AccountsListCommand.Create(),
        AccountsSetPasswordCommand.Create(),
        AccountsChangeCommand.Create("enable", "Enables an account that is disabled, and unlocks it.",
            (editor, account) => editor.Enable(account.Rid)),
        AccountsChangeCommand.Create("unlock", "Unlocks an account after too many wrong passwords, and sets their count to zero.",
            (editor, account) => editor.Unlock(account.Rid)),
    };

    /// <summary>The account that a command changes.</summary>
    public static Argument<string> Account()
    {
        var argument = new Argument<string>("ACCOUNT")
        {
            Description = "The name of the account, or its RID in digits; 500 is the built-in administrator in every language.",
        };
        CommonArguments.RefuseEmpty(argument);
        return argument;
    }
}
