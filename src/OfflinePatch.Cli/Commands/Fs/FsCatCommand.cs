using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs cat IMAGE PATH...</c>: content to stdout.</summary>
internal static class FsCatCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        The content of files, one after the other, to standard output; compressed files are decompressed, sparse ranges are zeros.
        """,
        [new("Read a log of the machine:", "offlinepatch fs cat server.vmdk Windows/INF/setupapi.dev.log | less"),
            new("An alternate stream:", "offlinepatch fs cat server.vmdk 'Users/me/setup.exe:Zone.Identifier'")],
        Reading)
    {
        SeeAlso = ["fs get"],
    };

    private const int CopyBuffer = 1024 * 1024;

    public static Command Create()
    {
        var options = new FsOptions();
        var paths = new Argument<string[]>("PATH")
        {
            Description = "Files; NAME:STREAM names an alternate stream.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = options.AddTo(new Command("cat", "Writes the content of files to standard output, decompressed."));
        command.Add(paths);
        command.SetGuardedAction((result, cancellation) =>
        {
            if (GlobalOptions.WantsJson(result))
            {
                throw new UsageException("fs cat writes the content itself; it cannot be combined with --json");
            }

            using var image = FsImage.Open(result.GetRequiredValue(options.Image), options, result, write: false);
            foreach (var path in result.GetRequiredValue(paths))
            {
                using var content = Open(image.Files, path);
                Write(content, cancellation);
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Opens a file of the image.</summary>
    /// <exception cref="RefusedException"><c>FS-0013</c>: it is a directory.</exception>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static Stream Open(IFileSystem files, string path) => files.DirectoryExists(GuestPath.Normalize(path))
        ? throw new RefusedException("FS-0013", $"{path} is a directory.", "Name a file in it; `offlinepatch fs ls` lists them.")
        : files.OpenRead(GuestPath.Normalize(path));

    /// <summary>
    /// Writes content to standard output. Where that is a file, holes stay holes: a file of the guest may be far larger than the disk of
    /// the host.
    /// </summary>
    public static void Write(Stream content, CancellationToken cancellation)
    {
        using var output = Output.OpenStream();
        using var file = StandardOutputFile.TryOpen();
        if (file is null)
        {
            var buffer = new byte[CopyBuffer];
            int read;
            while ((read = content.Read(buffer)) > 0)
            {
                cancellation.ThrowIfCancellationRequested();
                output.Write(buffer, 0, read);
            }

            return;
        }

        try
        {
            SparseCopy.Copy(content, file.Write, cancellation);
            file.Complete(content.Length);
        }
        catch (HostIOException e)
        {
            throw new ResultLostException(e);
        }
    }
}
