using System.CommandLine;
using OfflinePatch.Cli.Help;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs …</c>: files inside an image.</summary>
internal static class FsCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Files inside an image, without mounting it. Paths begin at the root of the volume that holds Windows, with / or \ between names,
        and upper and lower case alike; --partition N takes another volume.

        Commands that write are transactions like fix: verified first, then written as a whole, with an undo file. A volume that Windows
        would replay or check first is refused.
        """,
        [
            new("Everything below a directory:", "offlinepatch fs tree server.vmdk Windows/System32/config"),
            new("A file out, and one in:",
                "offlinepatch fs get server.vmdk Windows/win.ini . && offlinepatch fs put server.vmdk win.ini Windows/win.ini"),
        ],
        [new(ExitCode.Done, "done"), Usage, Unreadable, new(ExitCode.NotReady, "fs check: there are findings"), Refused, HostFailure,
            ResultLost, Cancelled])
    {
        Environment = [Clock, Temporary],
        Files = [UndoFile],
        SeeAlso = ["reg", "undo"],
    };

    public static Command Create() =>
        new("fs",
            "Files inside an image: the Windows volume unless --partition names another. Changes are a transaction with an undo file.")
    {
        FsListCommand.Create(),
        FsTreeCommand.Create(),
        FsStatCommand.Create(),
        FsCatCommand.Create(),
        FsGetCommand.Create(),
        FsPutCommand.Create(),
        FsRemoveCommand.Create(),
        FsMakeDirectoryCommand.Create(),
        FsMoveCommand.Create(),
        FsCheckCommand.Create(),
    };
}
