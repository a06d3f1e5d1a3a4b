using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs get IMAGE PATH... TARGET</c>: files and directories out of an image.</summary>
internal static class FsGetCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Copies files and whole directories to this machine: into a directory, which is created; one file also under a new name, or with
        - to standard output. Links are not followed, so that nothing outside the directory is ever written; names that this machine
        cannot have are refused.
        """,
        [new("The hives, with their logs:", "offlinepatch fs get server.vmdk 'Windows/System32/config/SYSTEM*' ./hives"),
            new("One file under a new name:", "offlinepatch fs get server.vmdk Windows/win.ini ./old.ini")],
        Reading)
    {
        SeeAlso = ["fs cat", "fs put"],
    };

    public static Command Create()
    {
        var options = new FsOptions();
        var arguments = new Argument<string[]>("PATH... TARGET")
        {
            Description = "Files, directories or patterns in the image; last, a directory of this machine, for one file its new name, or "
                + "- for standard output.",
            Arity = new ArgumentArity(2, 100_000),
        };
        var force = new Option<bool>("--force") { Description = "Replace the file that TARGET names, if it exists." };
        var command = options.AddTo(new Command("get",
            "Copies files and directories out of an image. Links are not followed; what cannot be copied is listed, and the rest is."));
        command.Add(arguments);
        command.Add(force);
        command.SetGuardedAction((result, cancellation) =>
        {
            var given = result.GetRequiredValue(arguments);
            var path = result.GetRequiredValue(options.Image);
            var target = given[^1];
            if (target == "-" && (given.Length != 2 || GlobalOptions.WantsJson(result)))
            {
                throw new UsageException("one file goes to standard output, and nothing else with it");
            }

            if (target != "-" && HostPaths.FileExists(target) && !(result.GetValue(force) && given.Length == 2))
            {
                throw new UsageException($"{target} is a file; name a directory, or give --force to replace it by one file");
            }

            using var image = FsImage.Open(path, options, result, write: false);
            var copy = new GuestCopy(image.Files, OutputAccess.Of(path), cancellation);
            if (target == "-")
            {
                using var content = FsCatCommand.Open(image.Files, given[0]);
                FsCatCommand.Write(content, cancellation);
                return ExitCode.Done;
            }

            var code = IsFileName(image.Files, given, target) ? copy.RunFile(given[0], target) : copy.Run(given[..^1], target);
            if (GlobalOptions.WantsJson(result))
            {
                DocumentJson.Print(new CopyDocument(copy.Copied, copy.LeftOut));
            }
            else
            {
                Output.Note($"{copy.Copied} {(copy.Copied == 1 ? "file" : "files")} copied"
                    + (copy.LeftOut.Count == 0 ? "" : $", {copy.LeftOut.Count} left out"));
            }

            return code;
        });
        return command;
    }

    /// <summary>
    /// Whether the last word is the new name of a file, as cp has it: one file, and a target that is no directory and does not end like
    /// one.
    /// </summary>
    public static bool IsFileName(IFileSystem files, string[] given, string target) =>
        given.Length == 2 && !target.EndsWith('/') && !target.EndsWith(Path.DirectorySeparatorChar) && !HostPaths.IsDirectory(target)
        && !GuestPath.HasWildcard(GuestPath.Normalize(given[0])) && files.Find(GuestPath.Normalize(given[0])) is not { IsDirectory: true };
}
