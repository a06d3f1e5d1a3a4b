using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Windows.Accounts;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Accounts;

/// <summary><c>accounts enable</c> and <c>accounts unlock</c>: flags of one account.</summary>
internal static class AccountsChangeCommand
{
    /// <summary>What help and manual say of `offlinepatch accounts unlock`.</summary>
    public static CommandGuide UnlockGuide => new(
        """
        Removes the lock that too many wrong passwords have set, and resets their count. A disabled account stays disabled.
        """,
        [new("An account that is locked out:", "offlinepatch accounts unlock server.vmdk operator")],
        Writing)
    {
        Environment = [Clock],
        Files = [UndoFile],
        SeeAlso = ["accounts list"],
    };

    /// <summary>What help and manual say of `offlinepatch accounts enable`.</summary>
    public static CommandGuide EnableGuide => new(
        """
        Enables an account that is disabled, and unlocks it. An account without a password stays without one: nobody can log on with it
        remotely.
        """,
        [new("The built-in administrator, in any language:", "offlinepatch accounts enable server.vmdk 500")],
        Writing)
    {
        Environment = [Clock],
        Files = [UndoFile],
        SeeAlso = ["accounts set-password"],
    };

    public static Command Create(string name, string description, Action<AccountEditor, LocalAccount> change)
    {
        var edit = new EditArguments();
        var image = CommonArguments.Image();
        var account = AccountsCommand.Account();
        var command = new Command(name, description) { image, account };
        edit.AddTo(command, writes: true);
        command.SetGuardedAction((result, cancellation) =>
        {
            var path = result.GetRequiredValue(image);
            using var opened = ImageEdit.Open(path, edit.Read(result));
            var editor = new AccountEditor(opened.RequireWindows());
            change(editor, editor.Find(result.GetRequiredValue(account)));
            EditOutcome.Print(result, path, opened.Commit(cancellation));
            return ExitCode.Done;
        });
        return command;
    }
}
