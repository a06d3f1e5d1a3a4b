using System.CommandLine;
using OfflinePatch.Cli.Help;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs mkdir IMAGE PATH...</c>: creates directories, with those above them.</summary>
internal static class FsMakeDirectoryCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Creates directories, and those above them that are missing. One that is there is no error.
        """,
        [new("A place for scripts:", "offlinepatch fs mkdir server.vmdk Windows/Setup/Scripts")],
        Writing)
    {
        Environment = [Clock],
        Files = [UndoFile],
        SeeAlso = ["fs put"],
    };

    public static Command Create()
    {
        var options = new FsOptions();
        var paths = new Argument<string[]>("PATH") { Description = "The directories.", Arity = ArgumentArity.OneOrMore };
        var command = options.AddTo(new Command("mkdir", "Creates directories, and those above them that are missing."), writes: true);
        command.Add(paths);
        command.SetGuardedAction((result, cancellation) =>
        {
            using var image = FsImage.Open(result.GetRequiredValue(options.Image), options, result, write: true);
            foreach (var path in result.GetRequiredValue(paths))
            {
                image.Writable.CreateDirectory(GuestPath.Normalize(path));
            }

            image.Commit(result, cancellation);
            return ExitCode.Done;
        });
        return command;
    }
}
