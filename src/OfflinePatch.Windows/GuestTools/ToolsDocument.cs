using System.Text.Json.Serialization;

namespace OfflinePatch.Windows.GuestTools;

/// <summary>A product as its JSON file has it; see README.md of this folder.</summary>
internal sealed record ToolsDocument
{
    [JsonPropertyName("$schema")]
    public string? SchemaFile { get; init; }

    public int Schema { get; init; }

    public string? Id { get; init; }

    public string? Title { get; init; }

    public string? Source { get; init; }

    public string? Family { get; init; }

    public bool ByNameOnly { get; init; }

    public IReadOnlyList<string>? Vendors { get; init; }

    public IReadOnlyList<string>? Uninstall { get; init; }

    public IReadOnlyList<string>? ProductCodes { get; init; }

    public IReadOnlyList<string>? UpgradeCodes { get; init; }

    public IReadOnlyList<ToolsValue>? VersionValues { get; init; }

    public IReadOnlyList<string>? Services { get; init; }

    public IReadOnlyList<string>? BootDrivers { get; init; }

    public IReadOnlyList<string>? BootDriverFiles { get; init; }

    public IReadOnlyList<string>? Filters { get; init; }

    public IReadOnlyList<string>? CoInstallers { get; init; }

    public IReadOnlyList<string>? NetworkProviders { get; init; }

    public IReadOnlyList<string>? WinsockProviders { get; init; }

    public IReadOnlyList<string>? EventSources { get; init; }

    public IReadOnlyList<string>? Infs { get; init; }

    public IReadOnlyList<string>? BootInfs { get; init; }

    public IReadOnlyList<string>? Run { get; init; }

    public IReadOnlyList<string>? Tasks { get; init; }

    public IReadOnlyList<string>? Keys { get; init; }

    public IReadOnlyList<ToolsValue>? Values { get; init; }

    public IReadOnlyList<string>? SharedKeys { get; init; }

    public IReadOnlyList<string>? UserKeys { get; init; }

    public IReadOnlyList<string>? Folders { get; init; }

    public IReadOnlyList<string>? SharedFolders { get; init; }

    public IReadOnlyList<string>? EmptyFolders { get; init; }

    public IReadOnlyList<string>? Files { get; init; }
}

/// <summary>A value of the registry.</summary>
/// <param name="Key">Its key: <c>SOFTWARE\…</c> or <c>SYSTEM\CurrentControlSet\…</c>.</param>
/// <param name="Value">Its name.</param>
internal sealed record ToolsValue(string Key, string Value);

/// <summary>The generated metadata.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    ReadCommentHandling = System.Text.Json.JsonCommentHandling.Skip, AllowTrailingCommas = true)]
[JsonSerializable(typeof(ToolsDocument))]
internal sealed partial class ToolsJsonContext : JsonSerializerContext;
