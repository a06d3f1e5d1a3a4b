namespace OfflinePatch.Cli.Help;

/// <summary>The guides of the commands for local accounts.</summary>
internal static partial class Guides
{
    private const string LostSecrets =
        "What hangs on the old password is lost to its user: files encrypted with EFS, saved credentials, private keys (DPAPI). It comes "
            + "back when the old password is set again.";

    private static Dictionary<string, CommandGuide> OfAccounts() => new(StringComparer.Ordinal)
    {
        ["offlinepatch accounts"] = new(
            [
                "Local accounts of the Windows in an image, without starting it. What is changed is a transaction with an undo file. RID "
                    + "500 is the built-in administrator, whatever its name is in the language of this Windows.",
                "A domain controller is listed and not changed: its accounts are in Active Directory. The password of a Microsoft "
                    + "account is not kept on the machine and cannot be set.",
            ],
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
        },
        ["offlinepatch accounts list"] = new(
            ["One line for each account: name, RID, kind, whether it is an administrator, enabled, locked, and whether a password is "
                + "set. Never a hash, and never which password."],
            [new("Accounts without a password:",
                "offlinepatch accounts list server.vmdk --json | jq '.accounts[] | select(.password == \"blank\" and .enabled)'")],
            Reading)
        { SeeAlso = ["inspect"] },
        ["offlinepatch accounts set-password"] = new(
            [
                "Sets the password of an account, as the target demands passwords (--target), and unlocks it. The password is read from "
                    + "a file, a descriptor, standard input or a prompt, never from the command line, and stands in no log, report or "
                    + "undo file. The hash is written in the form that the account has there (RC4 or AES); an LM hash is removed; the "
                    + "password counts as set now. The password history stays, so the new password does not count as used before.",
                LostSecrets,
            ],
            [
                new("You are asked for it:", "offlinepatch accounts set-password server.vmdk Administrator"),
                new("From another program:", "pass show server | offlinepatch accounts set-password server.vmdk 500 --password-file -"),
                new("From a descriptor of the shell:",
                    "offlinepatch accounts set-password server.vmdk 500 --password-file <(pass show server)"),
            ],
            Writing)
        { Environment = [Clock], Files = [UndoFile], SeeAlso = ["accounts enable", "undo"] },
        ["offlinepatch accounts enable"] = new(
            ["Enables an account that is disabled, and unlocks it. An account without a password stays without one: nobody can log on "
                + "with it remotely."],
            [new("The built-in administrator, in any language:", "offlinepatch accounts enable server.vmdk 500")],
            Writing)
        { Environment = [Clock], Files = [UndoFile], SeeAlso = ["accounts set-password"] },
        ["offlinepatch accounts unlock"] = new(
            ["Takes the lock away that too many wrong passwords have set, and their count. A disabled account stays disabled."],
            [new("An account that is locked out:", "offlinepatch accounts unlock server.vmdk operator")],
            Writing)
        { Environment = [Clock], Files = [UndoFile], SeeAlso = ["accounts list"] },
    };
}
