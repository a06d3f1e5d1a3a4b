using System.CommandLine;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs get IMAGE PATH... DIR</c>: files and directories out of an image.</summary>
internal static class FsGetCommand
{
    private const int CopyBuffer = 1024 * 1024;

    public static Command Create()
    {
        var options = new FsOptions();
        var arguments = new Argument<string[]>("PATH... DIR") { Description = "Files, directories or patterns in the image; last, a directory of this machine.", Arity = new ArgumentArity(2, 100_000) };
        var command = options.AddTo(new Command("get", "Copies files and directories out of an image. Links are not followed."));
        command.Add(arguments);
        command.SetGuardedAction((result, cancellation) =>
        {
            var given = result.GetRequiredValue(arguments);
            using var image = FsImage.Open(result.GetRequiredValue(options.Image), options, result, write: false);
            var files = 0;
            HostPaths.CreateDirectory(given[^1]);
            foreach (var (path, entry) in given[..^1].SelectMany(p => GuestPath.Expand(image.Files, p)).ToList())
            {
                var target = path.Length == 0 ? given[^1] : Path.Combine(given[^1], GuestPath.HostName(FilePath.NameOf(path)));
                if (!entry.IsDirectory)
                {
                    Copy(image.Files, path, target, cancellation);
                    files++;
                    continue;
                }

                HostPaths.CreateDirectory(target);
                foreach (var (inner, innerEntry) in FsTreeCommand.Walk(image.Files, path))
                {
                    var names = FilePath.Split(inner)[FilePath.Split(path).Length..];
                    var host = Path.Combine([target, .. names.Select(GuestPath.HostName)]);
                    if (innerEntry.IsDirectory)
                    {
                        HostPaths.CreateDirectory(host);
                    }
                    else
                    {
                        Copy(image.Files, inner, host, cancellation);
                        files++;
                    }
                }
            }

            Console.Error.WriteLine($"offlinepatch: {files} file(s) copied");
            return ExitCode.Done;
        });
        return command;
    }

    private static void Copy(IFileSystem files, string path, string target, CancellationToken cancellation)
    {
        using var content = files.OpenRead(path);
        using var output = new OutputFile(target, overwrite: true);
        var buffer = new byte[CopyBuffer];
        long offset = 0;
        int read;
        while ((read = content.Read(buffer)) > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            output.Write(offset, buffer.AsSpan(0, read));
            offset += read;
        }

        output.Complete();
    }
}
