using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Ntfs;
using OfflinePatch.Ntfs.Volume;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs tree IMAGE [PATH]</c>: everything below a directory.</summary>
internal static class FsTreeCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Every file and directory below the start, one full path per line, ready for grep. Links are shown, not followed.
        """,
        [new("Everything on the EFI system partition:", "offlinepatch fs tree server.vmdk --partition 1")],
        Reading)
    {
        SeeAlso = ["fs ls"],
    };

    public static Command Create()
    {
        var options = new FsOptions();
        var start = new Argument<string>("PATH") { Description = "Where to start; the root without it.", DefaultValueFactory = _ => "" };
        var command = options.AddTo(new Command("tree", "Lists everything below a directory, with full paths."));
        command.Add(start);
        command.SetGuardedAction((result, cancellation) =>
        {
            using var image = FsImage.Open(result.GetRequiredValue(options.Image), options, result, write: false);
            var from = GuestPath.Normalize(result.GetValue(start) ?? "");
            var entries = Walk(image.Files, from);
            if (GlobalOptions.WantsJson(result))
            {
                DocumentJson.Print(new FileListDocument("fs tree", entries.Select(e =>
                {
                    cancellation.ThrowIfCancellationRequested();
                    return FsListCommand.Describe(e.Path, e.Entry);
                })));
                return ExitCode.Done;
            }

            using var output = Output.OpenBulk();
            foreach (var (path, entry) in entries)
            {
                cancellation.ThrowIfCancellationRequested();
                FsListCommand.WriteLine(output, entry, path);
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Everything below a directory; reparse points are not entered.</summary>
    public static IEnumerable<(string Path, FileEntry Entry)> Walk(IFileSystem files, string directory)
    {
        if (files is NtfsVolume ntfs)
        {
            return ntfs.Walk(directory).Select(e => (directory.Length == 0 ? e.Path : FilePath.Join(directory, e.Path), e.Entry));
        }

        return files.Enumerate(directory).ToList().SelectMany(e =>
        {
            var path = FilePath.Join(directory, e.Name);
            return e.IsDirectory ? Walk(files, path).Prepend((path, e)) : [(path, e)];
        });
    }
}
