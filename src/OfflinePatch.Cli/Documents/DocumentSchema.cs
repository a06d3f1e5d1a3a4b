using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Documents;

/// <summary>
/// The JSON Schema (draft 2020-12) of every document that <c>--json</c> prints, made from exactly the types that are written, so that it
/// cannot be wrong. A reader must accept fields that it does not know: they are only ever added.
/// </summary>
internal static class DocumentSchema
{
    // name, what it is, the commands that print it
    private static readonly (string Name, string Title, string[] Commands, Func<JsonTypeInfo> Type)[] Documents =
    [
        ("images", "What was found and changed in images; one object a line with --json-lines.",
            ["fix", "check", "inspect", "watch", "report merge"], Of<ReportDocument>),
        ("rules", "The rules of a target.", ["rules"], Of<RuleListDocument>),
        ("drivers", "Driver packages.", ["drivers"], Of<DriverListDocument>),
        ("driverStore", "The driver packages of an image.", ["drivers list"], Of<DriverStoreDocument>),
        ("driverExport", "Driver packages that were copied out of an image.", ["drivers export"], Of<DriverExportDocument>),
        ("errors", "What error codes mean.", ["explain"], Of<ErrorListDocument>),
        ("conversion", "A new image.", ["convert"], Of<ConversionDocument>),
        ("comparison", "Two images, compared.", ["compare"], Of<ComparisonDocument>),
        ("history", "Changes that were undone, listed, forgotten or rolled back.", ["undo", "recover"], Of<HistoryDocument>),
        ("registryKeys", "Keys and values.", ["reg query"], Of<RegistryQueryDocument>),
        ("registryText", "Text in the format of .reg files.", ["reg export", "reg diff"], Of<RegistryTextDocument>),
        ("hives", "Findings in hives.", ["reg check"], Of<HiveCheckDocument>),
        ("accounts", "Local accounts of an image.", ["accounts list"], Of<AccountListDocument>),
        ("bootStore", "A boot configuration store.", ["bcd"], Of<BootStoreDocument>),
        ("edit", "A change of an image or a hive file.",
            ["reg set", "reg import", "reg delete", "reg replay", "fs put", "fs rm", "fs mkdir", "fs mv", "bcd", "accounts set-password",
                "accounts enable", "accounts unlock", "shell", "drivers add", "drivers remove", "resize", "boot repair",
                "convert-boot uefi"],
            Of<EditDocument>),
        ("files", "Files and directories of an image.", ["fs ls", "fs tree"], Of<FileListDocument>),
        ("fileDetails", "Everything about files of an image.", ["fs stat"], Of<FileStatDocument>),
        ("copy", "Files that were copied out of an image.", ["fs get"], Of<CopyDocument>),
        ("volume", "Findings in a volume.", ["fs check"], Of<VolumeCheckDocument>),
        ("witness", "How far images got when they were started.", ["witness"], Of<WitnessDocument>),
        ("manual", "Pages of the manual.", ["man"], Of<ManualDocument>),
    ];

    /// <summary>The schema, as indented text.</summary>
    public static string Text => Create().ToJsonString(new JsonSerializerOptions(DocumentJson.Options) { WriteIndented = true });

    /// <summary>The commands whose documents it describes.</summary>
    public static IEnumerable<string> Commands => Documents.SelectMany(d => d.Commands);

    private static JsonObject Create()
    {
        var definitions = new JsonObject();
        var choices = new JsonArray();
        foreach (var (name, title, commands, type) in Documents)
        {
            var schema = Describe(type(), title);
            PlaceReferences(schema, $"#/$defs/{name}");
            schema["properties"]!["command"] = new JsonObject { ["enum"] = new JsonArray([.. commands.Select(c => (JsonNode)c)]) };
            definitions[name] = schema;
            choices.Add((JsonNode)new JsonObject { ["$ref"] = $"#/$defs/{name}" });
        }

        definitions["error"] = Describe(Of<ErrorDocument>(), "An error that ended a command, whichever; error.code is stable.");
        choices.Add((JsonNode)new JsonObject { ["$ref"] = "#/$defs/error" });
        return new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["$id"] = $"urn:offlinepatch:schema:{ReportDocument.CurrentSchema}",
            ["title"] = "Documents of offlinepatch --json",
            ["description"] = "Each command prints one document; its member `command` says which. Members are only ever added.",
            ["oneOf"] = choices,
            ["$defs"] = definitions,
        };
    }

    // A type that occurs in a document twice is described once, and named from the root of its own schema: that is a definition here.
    private static void PlaceReferences(JsonNode node, string root) => Visit(node, schema =>
    {
        if (schema["$ref"]?.GetValue<string>() is { } reference && reference.StartsWith("#/", StringComparison.Ordinal))
        {
            schema["$ref"] = root + reference[1..];
        }
    });

    /// <summary>Visits every object of a schema, those above first.</summary>
    private static void Visit(JsonNode? node, Action<JsonObject> visit)
    {
        switch (node)
        {
            case JsonArray array:
                foreach (var item in array)
                {
                    Visit(item, visit);
                }

                break;
            case JsonObject schema:
                visit(schema);
                foreach (var (_, value) in schema)
                {
                    Visit(value, visit);
                }

                break;
        }
    }

    private static JsonTypeInfo Of<T>() => DocumentJson.Options.GetTypeInfo(typeof(T));

    private static JsonObject Describe(JsonTypeInfo type, string title)
    {
        var schema = type.GetJsonSchemaAsNode(new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true }).AsObject();
        RequireWhatIsAlwaysThere(schema);
        schema["properties"]!["schema"] = new JsonObject { ["const"] = ReportDocument.CurrentSchema };
        schema["required"] = new JsonArray(
            [.. schema["required"]!.AsArray().Select(r => r!.GetValue<string>()).Append("tool").Distinct().Select(r => (JsonNode)r)]);
        schema.Insert(0, "title", title);
        return schema;
    }

    // What is null is left out of a document: a member that cannot be null is always there, and one that can is never null where it stands.
    private static void RequireWhatIsAlwaysThere(JsonNode node) => Visit(node, schema =>
    {
        if (schema["properties"] is not JsonObject properties)
        {
            return;
        }

        var always = properties.Where(p => p.Value is JsonObject member && !AcceptsNull(member)).Select(p => p.Key).ToArray();
        foreach (var (_, member) in properties)
        {
            RemoveNull((member as JsonObject)!);
        }

        schema["required"] = new JsonArray([.. always.Select(a => (JsonNode)a)]);
    });

    private static bool AcceptsNull(JsonObject member) =>
        (member["type"] is JsonArray types && types.Any(t => t!.GetValue<string>() == "null"))
        || (member["enum"] is JsonArray values && values.Any(v => v is null));

    private static void RemoveNull(JsonObject member)
    {
        if (member.ContainsKey("default") && member["default"] is null)
        {
            member.Remove("default");
        }

        if (member["type"] is JsonArray types)
        {
            var left = types.Select(t => t!.GetValue<string>()).Where(t => t != "null").ToList();
            member["type"] = left.Count == 1 ? left[0] : new JsonArray([.. left.Select(t => (JsonNode)t)]);
        }

        if (member["enum"] is JsonArray values)
        {
            member["enum"] = new JsonArray([.. values.Where(v => v is not null).Select(v => v!.DeepClone())]);
        }
    }
}
