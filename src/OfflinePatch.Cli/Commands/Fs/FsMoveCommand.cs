using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Core;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs mv IMAGE FROM... TO</c>: renames or moves.</summary>
internal static class FsMoveCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Renames a file or directory, or moves several into a directory of the same volume. Nothing is overwritten.
        """,
        [new("Disable a driver by renaming its file:",
            "offlinepatch fs mv server.vmdk Windows/System32/drivers/x.sys Windows/System32/drivers/x.off")],
        Writing)
    {
        Files = [UndoFile],
        SeeAlso = ["fs rm", "undo"],
    };

    public static Command Create()
    {
        var options = new FsOptions();
        var paths = new Argument<string[]>("FROM... TO")
        {
            Description = "Files and directories; last, the new path, or the directory that they move into.",
            Arity = new ArgumentArity(2, 100_000),
        };
        var command = options.AddTo(new Command("mv", "Renames or moves files and directories inside the volume."), writes: true);
        command.Add(paths);
        command.SetGuardedAction((result, cancellation) =>
        {
            var given = result.GetRequiredValue(paths);
            using var image = FsImage.Open(result.GetRequiredValue(options.Image), options, result, write: true);
            Move(image.Writable, given);
            image.Commit(result, cancellation);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Renames or moves; the last path is the target.</summary>
    public static void Move(IWritableFileSystem files, string[] given)
    {
        var target = GuestPath.Normalize(given[^1]);
        var sources = given[..^1].SelectMany(p => GuestPath.Expand(files, p)).Select(s => s.Path).ToList();
        var sameName = sources is [var only] && string.Equals(only, target, StringComparison.OrdinalIgnoreCase);
        var intoDirectory = !sameName && (sources.Count > 1 || files.DirectoryExists(target));
        foreach (var source in sources)
        {
            files.Move(source, intoDirectory ? FilePath.Join(target, FilePath.NameOf(source)) : target);
        }
    }
}
