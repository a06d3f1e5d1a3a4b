using System.CommandLine;
using OfflinePatch.Windows.Accounts;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands.Accounts;

/// <summary><c>accounts enable</c> and <c>accounts unlock</c>: flags of one account.</summary>
internal static class AccountsChangeCommand
{
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
