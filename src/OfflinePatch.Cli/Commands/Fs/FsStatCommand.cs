using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Ntfs;
using OfflinePatch.Ntfs.Volume;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs stat IMAGE PATH...</c>: everything about files.</summary>
internal static class FsStatCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        What NTFS knows of a file: record number, the four times, attributes, links and short names, streams with their sizes,
        compression, security id, reparse point.
        """,
        [new("Why does this file look empty?", "offlinepatch fs stat server.vmdk pagefile.sys hiberfil.sys")],
        Reading)
    {
        SeeAlso = ["fs ls"],
    };

    public static Command Create()
    {
        var options = new FsOptions();
        var paths = new Argument<string[]>("PATH") { Description = "Files or directories.", Arity = ArgumentArity.OneOrMore };
        var command = options.AddTo(new Command("stat",
            "Shows everything about files: times, streams, names, security id, reparse point."));
        command.Add(paths);
        command.SetGuardedAction((result, _) =>
        {
            using var image = FsImage.Open(result.GetRequiredValue(options.Image), options, result, write: false);
            var found = result.GetRequiredValue(paths).SelectMany(p => GuestPath.Expand(image.Files, p)).ToList();
            if (GlobalOptions.WantsJson(result))
            {
                DocumentJson.Print(new FileStatDocument([.. found.Select(f => Describe(image.Files, f.Path, f.Entry))]));
            }
            else
            {
                found.ForEach(f => Print(image.Files, f.Path, f.Entry));
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(IFileSystem files, string path, FileEntry entry)
    {
        Output.Line(path.Length == 0 ? "\\" : path);
        Output.Line($"  {(entry.IsDirectory ? "directory" : $"{entry.Length} bytes")}, {entry.Attributes}");
        if ((files as NtfsVolume)?.OpenFile(path) is not { } file)
        {
            Output.Line($"  modified {entry.LastWriteTimeUtc:yyyy-MM-dd HH:mm:ss.fffffff}");
            return;
        }

        Output.Line($"  record {file.Reference}, {file.RecordCount} record(s), security id 0x{file.SecurityId:X}"
            + (file.ReparseTag == 0 ? "" : $", {file.ReparseName} (reparse tag 0x{file.ReparseTag:X8})")
            + (file.MayBeCaseSensitive ? ", case-sensitive" : ""));
        Output.Line($"  created {file.CreationTimeUtc:yyyy-MM-dd HH:mm:ss.fffffff}, modified "
            + $"{file.LastWriteTimeUtc:yyyy-MM-dd HH:mm:ss.fffffff}");
        Output.Line($"  changed {file.RecordChangeTimeUtc:yyyy-MM-dd HH:mm:ss.fffffff}, accessed "
            + $"{file.LastAccessTimeUtc:yyyy-MM-dd HH:mm:ss.fffffff}");
        foreach (var link in file.Links)
        {
            Output.Line($"  name \"{link.Name}\" ({link.NameSpace}) in record {link.Parent}");
        }

        foreach (var stream in file.Streams)
        {
            Output.Line($"  stream \"{stream.Name}\": {stream.Length} bytes, "
                + (stream.IsResident ? "in the record" : $"{stream.AllocatedLength} allocated in {stream.Fragments} run(s)")
                + (stream.IsCompressed ? ", compressed" : "")
                + (stream.IsSparse ? ", sparse" : "")
                + (stream.IsEncrypted ? ", encrypted" : ""));
        }
    }

    private static FileReport Describe(IFileSystem files, string path, FileEntry entry)
    {
        var report = FsListCommand.Describe(path, entry);
        return (files as NtfsVolume)?.OpenFile(path) is not { } file ? report : report with
        {
            Record = (long)file.Reference.Record,
            Sequence = file.Reference.Sequence,
            Created = file.CreationTimeUtc,
            Changed = file.RecordChangeTimeUtc,
            Accessed = file.LastAccessTimeUtc,
            SecurityId = file.SecurityId,
            ReparseTag = file.ReparseTag,
            ReparseKind = file.ReparseKind.ToString(),
            Names =
                [.. file.Links.Select(l => new FileNameReport(DocumentJson.Valid(l.Name), l.NameSpace.ToString(), (long)l.Parent.Record))],
            Streams =
            [
                .. file.Streams.Select(s => new FileStreamReport(
                    DocumentJson.Valid(s.Name), s.Length, s.AllocatedLength, s.IsResident, s.IsCompressed, s.IsSparse, s.IsEncrypted,
                    s.Fragments)),
            ],
        };
    }
}
