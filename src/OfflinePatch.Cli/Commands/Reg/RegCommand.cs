using System.CommandLine;
using OfflinePatch.Cli.Help;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Reg;

/// <summary><c>reg …</c>: the offline registry.</summary>
internal static class RegCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        The registry of a machine that is off: of an image, with HKLM\SYSTEM, HKLM\SOFTWARE, HKLM\SAM, HKLM\SECURITY, HKLM\DRIVERS,
        HKU\PROFILE and HKLM\BCD00000000, where CurrentControlSet is the control set that the next boot uses; or of a bare hive file,
        with keys from its root. Logs of a hive that was not written completely are applied while it is read.

        Commands that write are transactions with an undo file. fix changes SAM only where an account is asked for
        (--admin-password-file, --enable-administrator), and SECURITY never.
        """,
        [
            new("The interfaces of a machine:",
                "offlinepatch reg query server.vmdk 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters\\Interfaces' -s"),
            new("One value:",
                "offlinepatch reg set server.vmdk 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\CrashControl' -v AutoReboot -t dword -d "
                    + "0"),
        ],
        [new(ExitCode.Done, "done"), Usage, Unreadable, new(ExitCode.NotReady, "reg check, reg diff: there are findings"), Refused,
            HostFailure, ResultLost, Cancelled])
    {
        Environment = [Clock],
        Files = [UndoFile],
        SeeAlso = ["fs", "bcd", "undo"],
    };

    public static Command Create() => new("reg", "The offline registry of an image, or a bare hive file.")
    {
        RegQueryCommand.Create(),
        RegExportCommand.Create(),
        RegImportCommand.Create(),
        RegSetCommand.Create(),
        RegDeleteCommand.Create(),
        RegDiffCommand.Create(),
        RegCheckCommand.Create(),
        RegReplayCommand.Create(),
    };
}

/// <summary>Arguments of the <c>reg</c> commands. Those that reg.exe of Windows has can be spelled as there, with a slash.</summary>
internal static class RegArguments
{
    public static Argument<string> Target(string name = "TARGET")
    {
        var argument = new Argument<string>(name) { Description = "A disk image, or a bare hive file; its logs are found next to it." };
        CommonArguments.RefuseEmpty(argument);
        return argument;
    }

    public static Argument<string> Key(bool required = false) => new("KEY")
    {
        Description = @"In an image HKLM\SYSTEM\…, HKLM\SOFTWARE\…, HKU\PROFILE\… (CurrentControlSet resolves); in a hive file from its "
            + @"root.",
        Arity = required ? ArgumentArity.ExactlyOne : ArgumentArity.ZeroOrOne,
        DefaultValueFactory = _ => "",
    };

    public static Option<string?> Value() =>
        new("--value", "-v", "/v") { Description = "The name of a value; \"\" is the default value.", HelpName = "NAME" };

    public static Option<bool> DefaultValue() =>
        new("--default-value", "/ve") { Description = "The default value of the key, as --value \"\"." };

    public static Option<bool> Force() => new("--force", "/f") { Description = "Accepted, as reg.exe has it: nothing is ever asked here." };

    public static Option<string?> Output() => new("--output", "-o") { Description = "Write to FILE instead of stdout.", HelpName = "FILE" };

    public static Option<string> Encoding()
    {
        var option = new Option<string>("--encoding")
        {
            Description = "utf16 (as regedit; the default with -o) or utf8.",
            HelpName = "ENCODING",
        };
        option.AcceptOnlyFromAmong("utf16", "utf8");
        return option;
    }
}
