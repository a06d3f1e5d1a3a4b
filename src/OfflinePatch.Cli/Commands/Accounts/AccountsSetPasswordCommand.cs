using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Cli.Words;
using OfflinePatch.Windows.Accounts;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Accounts;

/// <summary><c>accounts set-password IMAGE ACCOUNT</c>: the password comes from a file, a descriptor, standard input or a prompt.</summary>
internal static class AccountsSetPasswordCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Sets the password of an account, as the target requires passwords (--target), and unlocks it. The password is read from a file, a
        descriptor, standard input or a prompt, never from the command line, and is in no log, report or undo file. The hash is
        written in the form that the account has there (RC4 or AES); an LM hash is removed; the password counts as set now. The password
        history stays, so the new password does not count as used before.

        What depends on the old password is lost to its user: files encrypted with EFS, saved credentials, private keys (DPAPI). It comes
        back when the old password is set again.
        """,
        [
            new("You are asked for it:", "offlinepatch accounts set-password server.vmdk Administrator"),
            new("From another program:", "pass show server | offlinepatch accounts set-password server.vmdk 500 --password-file -"),
            new("From a descriptor of the shell:",
                "offlinepatch accounts set-password server.vmdk 500 --password-file <(pass show server)"),
        ],
        Writing)
    {
        Environment = [Clock],
        Files = [UndoFile],
        SeeAlso = ["accounts enable", "undo"],
    };

    public static Command Create()
    {
        var edit = new EditArguments();
        var target = new TargetOptions("Whose password requirements apply");
        var image = CommonArguments.Image();
        var account = AccountsCommand.Account();
        var file = PasswordSource.Option("--password-file",
            "Take the first line of FILE (- for standard input, /dev/fd/3 for a descriptor); without it you are asked.");
        var command = new Command("set-password", "Sets the password of a local account, and unlocks it. A disabled account stays so.")
        { image, account, file };
        target.AddTo(command);
        edit.AddTo(command, writes: true);
        command.SetGuardedAction((result, cancellation) =>
        {
            var path = result.GetRequiredValue(image);
            var policy = PasswordPolicy.For(target.Read(result));
            var name = result.GetRequiredValue(account);
            var password = result.GetValue(file) is { } source ? PasswordSource.Read(source, policy) : null;
            using var opened = ImageEdit.Open(path, edit.Read(result));
            var editor = new AccountEditor(opened.RequireWindows());
            var found = editor.Find(name);
            password ??= PasswordSource.Ask(found.Name, policy);
            if (!editor.HasPassword(found.Rid, password))
            {
                editor.SetPassword(found.Rid, password, policy);
                Output.Note("Files that the account encrypted (EFS), its saved credentials and its private keys (DPAPI) cannot be read "
                    + "any more, unless the old password is set again.");
            }
            else
            {
                editor.Unlock(found.Rid);
            }

            if (!found.IsEnabled)
            {
                Output.Note($"{found.Name} is disabled: `offlinepatch accounts enable` enables it.");
            }

            EditOutcome.Print(result, path, opened.Commit(cancellation));
            return ExitCode.Done;
        });
        return command;
    }
}
