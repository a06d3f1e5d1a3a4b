using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Documents;

/// <summary>Prints documents: camelCase, nulls left out, enumerations as words; source generated, no reflection.</summary>
internal static class DocumentJson
{
    /// <summary>How documents are written; those of the library and those of the command line alike.</summary>
    public static JsonSerializerOptions Options { get; } = new(DocumentJsonContext.Default.Options)
    {
        TypeInfoResolver = JsonTypeInfoResolver.Combine(DocumentJsonContext.Default, ReportJson.Resolver),
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Prints one document on standard output.</summary>
    public static void Print<T>(T document)
        where T : CommandDocument
    {
        Output.HasDocument = true;
        Console.Out.WriteLine(Text(document));
    }

    /// <summary>One document as indented text.</summary>
    public static string Text<T>(T document)
        where T : CommandDocument =>
        PrintableText.EscapeJson(JsonSerializer.Serialize(document, (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T))));

    /// <summary>
    /// Names may hold unpaired surrogates, which JSON cannot: they are written as the text <c>\uDC00</c>, so that two such names stay two.
    /// </summary>
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

/// <summary>The generated metadata.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(ErrorDocument))]
[JsonSerializable(typeof(ConversionDocument))]
[JsonSerializable(typeof(ComparisonDocument))]
[JsonSerializable(typeof(HistoryDocument))]
[JsonSerializable(typeof(RegistryQueryDocument))]
[JsonSerializable(typeof(RegistryTextDocument))]
[JsonSerializable(typeof(HiveCheckDocument))]
[JsonSerializable(typeof(BootStoreDocument))]
[JsonSerializable(typeof(AccountListDocument))]
[JsonSerializable(typeof(EditDocument))]
[JsonSerializable(typeof(FileListDocument))]
[JsonSerializable(typeof(FileStatDocument))]
[JsonSerializable(typeof(CopyDocument))]
[JsonSerializable(typeof(VolumeCheckDocument))]
[JsonSerializable(typeof(DriverStoreDocument))]
[JsonSerializable(typeof(DriverExportDocument))]
[JsonSerializable(typeof(ManualDocument))]
[JsonSerializable(typeof(WitnessDocument))]
internal sealed partial class DocumentJsonContext : JsonSerializerContext;
