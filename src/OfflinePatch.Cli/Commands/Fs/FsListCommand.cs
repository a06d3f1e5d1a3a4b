using System.CommandLine;
using System.Globalization;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs ls IMAGE [PATH]</c>: a directory, a file, or what a pattern matches.</summary>
internal static class FsListCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        One line per name: attributes, size, time of the last change. Patterns with * and ? stand in the last part of a path; quote
        them, so that the shell does not expand them.
        """,
        [new("The drivers that begin with vio:", "offlinepatch fs ls server.vmdk 'Windows/System32/drivers/vio*'")],
        Reading)
    {
        SeeAlso = ["fs tree", "fs stat"],
    };

    public static Command Create()
    {
        var options = new FsOptions();
        var paths = new Argument<string[]>("PATH")
        {
            Description = "Directories, files or patterns (* and ? in the last name); the root without it.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var recursive = new Option<bool>("--recursive", "-R") { Description = "Everything below directories too, with full paths." };
        var human = new Option<bool>("--human-readable", "-h")
        {
            Description = "Sizes in KiB, MiB, GiB. (Here -h is not for help; --help is.)",
        };
        var isLong = new Option<bool>("--long", "-l") { Description = "Accepted, as ls has it: the listing is always long." };
        var command = options.AddTo(new Command("ls", "Lists directories."));
        command.Add(paths);
        command.Add(recursive);
        command.Add(human);
        command.Add(isLong);
        command.SetGuardedAction((result, cancellation) =>
        {
            using var image = FsImage.Open(result.GetRequiredValue(options.Image), options, result, write: false);
            var wanted = result.GetValue(paths) is { Length: > 0 } given ? given : [""];
            var entries = wanted.SelectMany(p => result.GetValue(recursive) ? ListAll(image.Files, p) : List(image.Files, p));
            if (GlobalOptions.WantsJson(result))
            {
                DocumentJson.Print(new FileListDocument("fs ls", entries.Select(e =>
                {
                    cancellation.ThrowIfCancellationRequested();
                    return Describe(e.Path, e.Entry);
                })));
                return ExitCode.Done;
            }

            using var output = Output.OpenBulk();
            foreach (var (path, entry) in entries)
            {
                cancellation.ThrowIfCancellationRequested();
                WriteLine(output, entry, result.GetValue(recursive) ? path : entry.Name, result.GetValue(human));
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>An entry for a document.</summary>
    public static FileReport Describe(string path, FileEntry entry) =>
        new(DocumentJson.Valid(path), entry.IsDirectory, entry.Length, entry.LastWriteTimeUtc, entry.Attributes.ToString());

    /// <summary>
    /// Writes one line of a listing: attributes, size, time, name. It allocates nothing: a volume has hundreds of thousands.
    /// </summary>
    public static void WriteLine(TextWriter output, FileEntry entry, string name, bool isHuman = false)
    {
        Span<char> line = stackalloc char[64];
        Span<char> size = stackalloc char[20];
        var digits = 1;
        size[0] = '-';
        if (!entry.IsDirectory)
        {
            if (isHuman)
            {
                var text = ByteSize.Text(entry.Length);
                text.CopyTo(size);
                digits = text.Length;
            }
            else
            {
                entry.Length.TryFormat(size, out digits, provider: CultureInfo.InvariantCulture);
            }
        }

        WriteLetters(entry, line);
        line.Slice(6, Math.Max(1, 15 - digits)).Fill(' ');
        var place = 6 + Math.Max(1, 15 - digits);
        size[..digits].CopyTo(line[place..]);
        place += digits;
        line[place++] = ' ';
        entry.LastWriteTimeUtc.TryFormat(line[place..], out var written, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        place += written;
        line[place++] = ' ';
        output.Write(line[..place]);
        output.Write(PrintableText.Escape(name));
        output.WriteLine(entry.IsDirectory ? "\\" : "");
    }

    /// <summary>What a path or pattern lists: what is in a directory, else itself.</summary>
    public static IEnumerable<(string Path, FileEntry Entry)> List(IFileSystem files, string path)
    {
        var found = GuestPath.Expand(files, path);
        return found is [{ Entry.IsDirectory: true } only] && !GuestPath.HasWildcard(GuestPath.Normalize(path))
            ? files.Enumerate(only.Path).Select(e => (FilePath.Join(only.Path, e.Name), e))
            : found;
    }

    private static IEnumerable<(string Path, FileEntry Entry)> ListAll(IFileSystem files, string path) =>
        GuestPath.Expand(files, path).SelectMany(f =>
        f.Entry.IsDirectory || f.Path.Length == 0
            ? f.Path.Length == 0 ? FsTreeCommand.Walk(files, "") : FsTreeCommand.Walk(files, f.Path).Prepend(f)
            : [f]);

    private static void WriteLetters(FileEntry entry, Span<char> text)
    {
        var attributes = entry.Attributes | (entry.IsDirectory ? FileAttributes.Directory : 0);
        text[0] = (attributes & FileAttributes.Directory) != 0 ? 'd' : '-';
        text[1] = (attributes & FileAttributes.ReadOnly) != 0 ? 'r' : '-';
        text[2] = (attributes & FileAttributes.Hidden) != 0 ? 'h' : '-';
        text[3] = (attributes & FileAttributes.System) != 0 ? 's' : '-';
        text[4] = (attributes & FileAttributes.Compressed) != 0 ? 'c' : '-';
        text[5] = (attributes & FileAttributes.ReparsePoint) != 0 ? 'l' : '-';
    }
}
