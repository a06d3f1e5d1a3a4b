using System.Buffers;
using System.Text;
using System.Text.Json;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary>Prints one JSON document, written field by field.</summary>
internal static class FsJson
{
    /// <summary>Prints <c>{"schema":1,"tool":…,"command":…,…}</c>.</summary>
    public static void Print(string command, Action<Utf8JsonWriter> body)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("schema", 1);
            writer.WriteStartObject("tool");
            writer.WriteString("name", Tool.Identity.Name);
            writer.WriteString("version", Tool.Identity.Version);
            writer.WriteEndObject();
            writer.WriteString("command", command);
            body(writer);
            writer.WriteEndObject();
        }

        Console.Out.WriteLine(PrintableText.EscapeJson(Encoding.UTF8.GetString(buffer.WrittenSpan)));
    }

    /// <summary>Writes one entry.</summary>
    public static void Write(Utf8JsonWriter writer, string path, FileEntry entry)
    {
        writer.WriteStartObject();
        writer.WriteString("path", Valid(path));
        writer.WriteBoolean("directory", entry.IsDirectory);
        writer.WriteNumber("size", entry.Length);
        writer.WriteString("modified", entry.LastWriteTimeUtc);
        writer.WriteString("attributes", entry.Attributes.ToString());
        writer.WriteEndObject();
    }

    /// <summary>Names may hold unpaired surrogates, which JSON cannot: they are written as the text <c>\uDC00</c>, so that two such names stay two.</summary>
    public static string Valid(string name)
    {
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsSurrogate(name[i]) && !(char.IsHighSurrogate(name[i]) && i + 1 < name.Length && char.IsLowSurrogate(name[i + 1])))
            {
                return PrintableText.Escape(name);
            }

            i += char.IsHighSurrogate(name[i]) ? 1 : 0;
        }

        return name;
    }
}
