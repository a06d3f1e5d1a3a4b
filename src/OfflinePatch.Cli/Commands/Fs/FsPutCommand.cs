using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs put IMAGE SOURCE... DEST</c>: files and directories into an image.</summary>
internal static class FsPutCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Copies files and whole directories into the image. A file that is there is replaced; one with equal content is not written.
        Permissions are those that Windows itself would give a new file there.
        """,
        [new("One file under a new name:", "offlinepatch fs put server.vmdk hosts.txt Windows/System32/drivers/etc/hosts"),
            new("A directory with everything in it:", "offlinepatch fs put server.vmdk ./tools 'Program Files/'"),
            new("What another program writes:", "date | offlinepatch fs put server.vmdk - Windows/Temp/moved.txt")],
        Writing)
    {
        Environment = [Clock],
        Files = [UndoFile],
        SeeAlso = ["fs get", "undo"],
    };

    public static Command Create()
    {
        var options = new FsOptions();
        var arguments = new Argument<string[]>("SOURCE... DEST")
        {
            Description = "Files and directories of this machine, - is standard input; last, a directory in the image, or for one file "
                + "its new path.",
            Arity = new ArgumentArity(2, 100_000),
        };
        var command = options.AddTo(new Command("put", "Copies files and directories into an image, as one transaction."), writes: true);
        command.Add(arguments);
        command.SetGuardedAction((result, cancellation) =>
        {
            var given = result.GetRequiredValue(arguments);
            if (given.AsSpan(0, given.Length - 1).Contains("-")
                && (given.Length != 2 || given[^1].EndsWith('/') || given[^1].EndsWith('\\')))
            {
                throw new UsageException("standard input (-) is one file, and has no name of its own: give the new path, and no other "
                    + "source");
            }

            using var image = FsImage.Open(result.GetRequiredValue(options.Image), options, result, write: true);
            var count = Put(image.Writable, given, cancellation);
            image.Commit(result, cancellation, d => d with { Files = count });
            if (!GlobalOptions.WantsJson(result))
            {
                Output.Note($"{count} {(count == 1 ? "file" : "files")} copied into the image");
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Copies files and directories of this machine; the last path is where they go. Returns how many files.</summary>
    public static int Put(IWritableFileSystem files, string[] given, CancellationToken cancellation)
    {
        var target = GuestPath.Normalize(given[^1]);
        var intoDirectory = given[0] == "-" ? RefuseDirectory(files, target)
            : given.Length > 2 || given[^1].EndsWith('\\') || given[^1].EndsWith('/') || files.DirectoryExists(target);
        if (intoDirectory)
        {
            files.CreateDirectory(target);
        }

        var count = 0;
        foreach (var source in given[..^1])
        {
            cancellation.ThrowIfCancellationRequested();
            var path = intoDirectory
                ? FilePath.Join(target, Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(source))))
                : target;
            if (source == "-")
            {
                using var input = StandardInput.Open();
                using var spool = SpooledInput.Read(input, cancellation);
                files.WriteFile(path, spool.Content, spool.Length);
                count++;
            }
            else if (HostPaths.IsDirectory(source))
            {
                using var tree = DirectoryFileSystem.Open(source);
                count += PutDirectory(tree, "", files, path, cancellation);
            }
            else
            {
                using var device = HostFileDevice.Open(source);
                using var content = new DeviceStream(device);
                files.WriteFile(path, content, device.Length);
                count++;
            }
        }

        return count;
    }

    private static bool RefuseDirectory(IWritableFileSystem files, string target) => files.DirectoryExists(target)
        ? throw new RefusedException("FS-0014", $"{target} is a directory, and standard input has no name.",
            "Give the path of the new file.")
        : false;

    private static int PutDirectory(DirectoryFileSystem tree, string from, IWritableFileSystem files, string to,
        CancellationToken cancellation)
    {
        files.CreateDirectory(to);
        var count = 0;
        foreach (var entry in tree.Enumerate(from))
        {
            cancellation.ThrowIfCancellationRequested();
            var source = FilePath.Join(from, entry.Name);
            var target = FilePath.Join(to, entry.Name);
            if (entry.IsDirectory)
            {
                count += PutDirectory(tree, source, files, target, cancellation);
            }
            else
            {
                using var content = tree.OpenRead(source);
                files.WriteFile(target, content, entry.Length);
                count++;
            }
        }

        return count;
    }
}
