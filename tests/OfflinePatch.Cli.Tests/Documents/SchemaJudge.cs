using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using OfflinePatch.Cli.Documents;

namespace OfflinePatch.Cli.Tests.Documents;

/// <summary>
/// Judges documents by the published schema, read as strictly as can be: a member that it does not list is a fault of the schema.
/// </summary>
internal static class SchemaJudge
{
    private static readonly Lazy<JsonSchema> Strict = new(() =>
    {
        var schema = JsonNode.Parse(DocumentSchema.Text)!;
        Close(schema);
        return JsonSchema.FromText(schema.ToJsonString());
    });

    /// <summary>The document, which must follow the schema.</summary>
    public static JsonElement Require(string text)
    {
        var document = JsonDocument.Parse(text).RootElement.Clone();
        var verdict = Strict.Value.Evaluate(document, new EvaluationOptions { OutputFormat = OutputFormat.List });
        Assert.True(verdict.IsValid, $"{Errors(verdict)}\n{text[..Math.Min(text.Length, 4000)]}");
        return document;
    }

    private static string Errors(EvaluationResults verdict) => string.Join('\n', (verdict.Details ?? [])
        .Where(d => d.Errors is { Count: > 0 })
        .Select(d => $"{d.InstanceLocation}: {string.Join("; ", d.Errors!.Values)} ({d.EvaluationPath})"));

    private static void Close(JsonNode? node)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array)
            {
                Close(item);
            }
        }
        else if (node is JsonObject schema)
        {
            if (schema["properties"] is JsonObject && schema["additionalProperties"] is null)
            {
                schema["additionalProperties"] = false;
            }

            foreach (var (_, value) in schema.ToList())
            {
                Close(value);
            }
        }
    }
}
