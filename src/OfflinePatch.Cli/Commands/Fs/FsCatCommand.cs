using System.CommandLine;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs cat IMAGE PATH...</c>: content to stdout.</summary>
internal static class FsCatCommand
{
    private const int CopyBuffer = 1024 * 1024;

    public static Command Create()
    {
        var options = new FsOptions();
        var paths = new Argument<string[]>("PATH") { Description = "Files; NAME:STREAM names an alternate stream.", Arity = ArgumentArity.OneOrMore };
        var command = options.AddTo(new Command("cat", "Writes the content of files to standard output, decompressed."));
        command.Add(paths);
        command.SetGuardedAction((result, cancellation) =>
        {
            using var image = FsImage.Open(result.GetRequiredValue(options.Image), options, result, write: false);
            using var output = Console.OpenStandardOutput();
            var buffer = new byte[CopyBuffer];
            foreach (var path in result.GetRequiredValue(paths))
            {
                using var content = image.Files.OpenRead(GuestPath.Normalize(path));
                int read;
                while ((read = content.Read(buffer)) > 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                    output.Write(buffer, 0, read);
                }
            }

            return ExitCode.Done;
        });
        return command;
    }
}
