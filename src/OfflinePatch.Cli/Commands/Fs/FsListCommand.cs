using System.CommandLine;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs ls IMAGE [PATH]</c>: a directory, a file, or what a pattern matches.</summary>
internal static class FsListCommand
{
    public static Command Create()
    {
        var options = new FsOptions();
        var paths = new Argument<string[]>("PATH") { Description = "Directories, files or patterns (* and ? in the last name); the root without it.", Arity = ArgumentArity.ZeroOrMore };
        var command = options.AddTo(new Command("ls", "Lists directories."), json: true);
        command.Add(paths);
        command.SetGuardedAction((result, _) =>
        {
            using var image = FsImage.Open(result.GetRequiredValue(options.Image), options, result, write: false);
            var wanted = result.GetValue(paths) is { Length: > 0 } given ? given : [""];
            var entries = wanted.SelectMany(p => List(image.Files, p));
            if (options.Json(result))
            {
                FsJson.Print("fs ls", writer =>
                {
                    writer.WriteStartArray("entries");
                    foreach (var (path, entry) in entries)
                    {
                        FsJson.Write(writer, path, entry);
                    }

                    writer.WriteEndArray();
                });
                return ExitCode.Done;
            }

            foreach (var (_, entry) in entries)
            {
                Console.Out.WriteLine(Line(entry));
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>One line of a listing: attributes, size, time, name.</summary>
    public static string Line(FileEntry entry) =>
        $"{Letters(entry)} {(entry.IsDirectory ? "-" : entry.Length.ToString()),14} {entry.LastWriteTimeUtc:yyyy-MM-dd HH:mm:ss} {entry.Name}{(entry.IsDirectory ? "\\" : "")}";

    private static IEnumerable<(string Path, FileEntry Entry)> List(IFileSystem files, string path)
    {
        var found = GuestPath.Expand(files, path);
        return found is [{ Entry.IsDirectory: true } only] && !GuestPath.HasWildcard(GuestPath.Normalize(path))
            ? files.Enumerate(only.Path).Select(e => (FilePath.Join(only.Path, e.Name), e))
            : found;
    }

    private static string Letters(FileEntry entry)
    {
        var attributes = entry.Attributes;
        return string.Create(6, attributes | (entry.IsDirectory ? FileAttributes.Directory : 0), static (text, a) =>
        {
            text[0] = (a & FileAttributes.Directory) != 0 ? 'd' : '-';
            text[1] = (a & FileAttributes.ReadOnly) != 0 ? 'r' : '-';
            text[2] = (a & FileAttributes.Hidden) != 0 ? 'h' : '-';
            text[3] = (a & FileAttributes.System) != 0 ? 's' : '-';
            text[4] = (a & FileAttributes.Compressed) != 0 ? 'c' : '-';
            text[5] = (a & FileAttributes.ReparsePoint) != 0 ? 'l' : '-';
        });
    }
}
