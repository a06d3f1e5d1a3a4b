using System.CommandLine;
using System.Text.Json;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Ntfs;
using OfflinePatch.Ntfs.Volume;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary><c>fs stat IMAGE PATH...</c>: everything about files.</summary>
internal static class FsStatCommand
{
    public static Command Create()
    {
        var options = new FsOptions();
        var paths = new Argument<string[]>("PATH") { Description = "Files or directories.", Arity = ArgumentArity.OneOrMore };
        var command = options.AddTo(new Command("stat", "Shows everything about files: times, streams, names, security id, reparse point."), json: true);
        command.Add(paths);
        command.SetGuardedAction((result, _) =>
        {
            using var image = FsImage.Open(result.GetRequiredValue(options.Image), options, result, write: false);
            var found = result.GetRequiredValue(paths).SelectMany(p => GuestPath.Expand(image.Files, p)).ToList();
            if (options.Json(result))
            {
                FsJson.Print("fs stat", writer =>
                {
                    writer.WriteStartArray("files");
                    found.ForEach(f => Write(writer, image.Files, f.Path, f.Entry));
                    writer.WriteEndArray();
                });
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

        Output.Line($"  record {file.Reference}, {file.RecordCount} record(s), security id 0x{file.SecurityId:X}{(file.ReparseTag == 0 ? "" : $", reparse tag 0x{file.ReparseTag:X8}")}{(file.MayBeCaseSensitive ? ", case-sensitive" : "")}");
        Output.Line($"  created {file.CreationTimeUtc:yyyy-MM-dd HH:mm:ss.fffffff}, modified {file.LastWriteTimeUtc:yyyy-MM-dd HH:mm:ss.fffffff}");
        Output.Line($"  changed {file.RecordChangeTimeUtc:yyyy-MM-dd HH:mm:ss.fffffff}, accessed {file.LastAccessTimeUtc:yyyy-MM-dd HH:mm:ss.fffffff}");
        foreach (var link in file.Links)
        {
            Output.Line($"  name \"{link.Name}\" ({link.NameSpace}) in record {link.Parent}");
        }

        foreach (var stream in file.Streams)
        {
            Output.Line($"  stream \"{stream.Name}\": {stream.Length} bytes, {(stream.IsResident ? "in the record" : $"{stream.AllocatedLength} allocated in {stream.Fragments} run(s)")}"
                + $"{(stream.IsCompressed ? ", compressed" : "")}{(stream.IsSparse ? ", sparse" : "")}{(stream.IsEncrypted ? ", encrypted" : "")}");
        }
    }

    private static void Write(Utf8JsonWriter writer, IFileSystem files, string path, FileEntry entry)
    {
        writer.WriteStartObject();
        writer.WriteString("path", FsJson.Valid(path));
        writer.WriteBoolean("directory", entry.IsDirectory);
        writer.WriteNumber("size", entry.Length);
        writer.WriteString("modified", entry.LastWriteTimeUtc);
        writer.WriteString("attributes", entry.Attributes.ToString());
        if ((files as NtfsVolume)?.OpenFile(path) is { } file)
        {
            writer.WriteNumber("record", file.Reference.Record);
            writer.WriteNumber("sequence", file.Reference.Sequence);
            writer.WriteString("created", file.CreationTimeUtc);
            writer.WriteString("changed", file.RecordChangeTimeUtc);
            writer.WriteString("accessed", file.LastAccessTimeUtc);
            writer.WriteNumber("securityId", file.SecurityId);
            writer.WriteNumber("reparseTag", file.ReparseTag);
            writer.WriteStartArray("names");
            foreach (var link in file.Links)
            {
                writer.WriteStartObject();
                writer.WriteString("name", FsJson.Valid(link.Name));
                writer.WriteString("namespace", link.NameSpace.ToString());
                writer.WriteNumber("parent", link.Parent.Record);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("streams");
            foreach (var stream in file.Streams)
            {
                writer.WriteStartObject();
                writer.WriteString("name", FsJson.Valid(stream.Name));
                writer.WriteNumber("size", stream.Length);
                writer.WriteNumber("allocated", stream.AllocatedLength);
                writer.WriteBoolean("resident", stream.IsResident);
                writer.WriteBoolean("compressed", stream.IsCompressed);
                writer.WriteBoolean("sparse", stream.IsSparse);
                writer.WriteBoolean("encrypted", stream.IsEncrypted);
                writer.WriteNumber("fragments", stream.Fragments);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}
