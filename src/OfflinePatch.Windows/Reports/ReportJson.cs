using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using OfflinePatch.Core;

namespace OfflinePatch.Windows.Reports;

/// <summary>How reports become JSON: camelCase, nulls left out, enumerations as words; source generated, no reflection.</summary>
public static class ReportJson
{
    private static readonly ReportJsonContext Context = new(new JsonSerializerOptions(ReportJsonContext.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    private static readonly ReportJsonContext Line = new(new JsonSerializerOptions(ReportJsonContext.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = false,
    });

    /// <summary>The document as indented text.</summary>
    public static string Serialize(ReportDocument document) =>
        PrintableText.EscapeJson(JsonSerializer.Serialize(document, Context.ReportDocument));

    /// <summary>The document as one line, for files of many (JSON Lines).</summary>
    public static string SerializeLine(ReportDocument document) =>
        PrintableText.EscapeJson(JsonSerializer.Serialize(document, Line.ReportDocument));

    /// <summary>The catalogue of rules as indented text.</summary>
    public static string Serialize(RuleListDocument document) =>
        PrintableText.EscapeJson(JsonSerializer.Serialize(document, Context.RuleListDocument));

    /// <summary>The driver packages of sources as indented text.</summary>
    public static string Serialize(DriverListDocument document) =>
        PrintableText.EscapeJson(JsonSerializer.Serialize(document, Context.DriverListDocument));

    /// <summary>The table of error codes as indented text.</summary>
    public static string Serialize(ErrorListDocument document) =>
        PrintableText.EscapeJson(JsonSerializer.Serialize(document, Context.ErrorListDocument));

    /// <summary>Reads a document back.</summary>
    /// <exception cref="JsonException">The text is no such document.</exception>
    public static ReportDocument? Deserialize(string json) => JsonSerializer.Deserialize(json, Context.ReportDocument);

    /// <summary>The metadata, for a caller that embeds these types in documents of its own.</summary>
    public static IJsonTypeInfoResolver Resolver => ReportJsonContext.Default;
}

/// <summary>The document of <c>offlinepatch rules --json</c>.</summary>
/// <param name="Schema">1.</param>
/// <param name="Tool">The program.</param>
/// <param name="Command"><c>rules</c>.</param>
/// <param name="Target">The profile.</param>
/// <param name="Rules">Every rule of it.</param>
public sealed record RuleListDocument(int Schema, ToolIdentity Tool, string Command, string Target, IReadOnlyList<RuleDescription> Rules);

/// <summary>The document of <c>offlinepatch explain --json</c>.</summary>
/// <param name="Schema">1.</param>
/// <param name="Tool">The program.</param>
/// <param name="Command"><c>explain</c>.</param>
/// <param name="Errors">The codes that were asked for, or all.</param>
public sealed record ErrorListDocument(int Schema, ToolIdentity Tool, string Command, IReadOnlyList<ErrorDescription> Errors);

/// <summary>The generated metadata.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(ReportDocument))]
[JsonSerializable(typeof(RuleListDocument))]
[JsonSerializable(typeof(DriverListDocument))]
[JsonSerializable(typeof(ErrorListDocument))]
internal sealed partial class ReportJsonContext : JsonSerializerContext;
