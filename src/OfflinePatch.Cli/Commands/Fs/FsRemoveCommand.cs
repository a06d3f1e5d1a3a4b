using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Core;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs rm IMAGE PATH...</c>: deletes files and empty directories; with <c>-r</c> whole trees.</summary>
internal static class FsRemoveCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Deletes files and empty directories; with -r directories and all in them.
        """,
        [new("A file that stops the boot:", "offlinepatch fs rm server.vmdk Windows/System32/drivers/broken.sys")],
        Writing)
    {
        Files = [UndoFile],
        SeeAlso = ["undo"],
    };

    public static Command Create()
    {
        var options = new FsOptions();
        var paths = new Argument<string[]>("PATH")
        {
            Description = "Files, directories or patterns; NAME:STREAM an alternate stream.",
            Arity = ArgumentArity.OneOrMore,
        };
        var recursive = new Option<bool>("--recursive", "-r", "-R") { Description = "Directories with everything in them." };
        var force = new Option<bool>("--force", "-f") { Description = "What does not exist is no error." };
        var command = options.AddTo(new Command("rm", "Deletes files and empty directories, as one transaction."), writes: true);
        command.Add(paths);
        command.Add(recursive);
        command.Add(force);
        command.SetGuardedAction((result, cancellation) =>
        {
            using var image = FsImage.Open(result.GetRequiredValue(options.Image), options, result, write: true);
            Remove(image.Writable, result.GetRequiredValue(paths), result.GetValue(recursive), result.GetValue(force), cancellation);
            image.Commit(result, cancellation);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Deletes what the paths and patterns name.</summary>
    /// <exception cref="RefusedException"><c>FS-0012</c>: a directory is not empty, and <paramref name="isRecursive"/> is false. Nothing
    /// was deleted in the image.</exception>
    /// <exception cref="FileNotFoundException">There is no such file, and <paramref name="isForced"/> is false.</exception>
    public static void Remove(IWritableFileSystem files, string[] paths, bool isRecursive, bool isForced, CancellationToken cancellation)
    {
        foreach (var (path, entry) in paths.SelectMany(p => Find(files, p, isForced)).ToList())
        {
            if (!isRecursive && entry.IsDirectory && (entry.Attributes & FileAttributes.ReparsePoint) == 0 && files.Enumerate(path).Any())
            {
                throw new RefusedException("FS-0012", $"{path} is a directory that is not empty.",
                    "Give -r to delete it with everything in it. Nothing was deleted.");
            }

            if (isRecursive)
            {
                files.DeleteTree(path, cancellation);
            }
            else
            {
                cancellation.ThrowIfCancellationRequested();
                files.Delete(path);
            }
        }
    }

    private static List<(string Path, FileEntry Entry)> Find(IWritableFileSystem files, string path, bool isForced)
    {
        try
        {
            return GuestPath.Expand(files, path);
        }
        catch (FileNotFoundException) when (isForced)
        {
            return [];
        }
    }
}
