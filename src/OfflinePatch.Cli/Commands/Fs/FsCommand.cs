using System.CommandLine;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs …</c>: files inside an image.</summary>
internal static class FsCommand
{
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
