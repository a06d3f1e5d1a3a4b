using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs get IMAGE PATH... DIR</c>: files and directories out of an image.</summary>
internal static class FsGetCommand
{
    public static Command Create()
    {
        var options = new FsOptions();
        var arguments = new Argument<string[]>("PATH... DIR") { Description = "Files, directories or patterns in the image; last, a directory of this machine.", Arity = new ArgumentArity(2, 100_000) };
        var command = options.AddTo(new Command("get", "Copies files and directories out of an image. Links are not followed; what cannot be copied is listed, and the rest is."));
        command.Add(arguments);
        command.SetGuardedAction((result, cancellation) =>
        {
            var given = result.GetRequiredValue(arguments);
            var path = result.GetRequiredValue(options.Image);
            if (HostPaths.FileExists(given[^1]))
            {
                throw new UsageException($"{given[^1]} is a file; the last word names a directory");
            }

            using var image = FsImage.Open(path, options, result, write: false);
            return new GuestCopy(image.Files, OutputAccess.Of(path), cancellation).Run(given[..^1], given[^1]);
        });
        return command;
    }
}
