using System.CommandLine;

namespace OfflinePatch.Cli.Commands.Accounts;

/// <summary><c>accounts …</c>: the local accounts of an image.</summary>
internal static class AccountsCommand
{
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
