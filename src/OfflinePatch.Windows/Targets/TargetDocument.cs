using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OfflinePatch.Windows.Targets;

/// <summary>A target profile as its JSON file has it.</summary>
/// <param name="Extends">The id of a built-in profile that this one changes, or null.</param>
/// <param name="Id">Its name.</param>
/// <param name="Title">The target's name.</param>
/// <param name="Description">What it is, in a sentence.</param>
/// <param name="Notes">What every user of the target has to know.</param>
/// <param name="Devices">The PCI devices that a machine of it has, as <c>lspci -n</c> writes them.</param>
/// <param name="Drivers">What the target needs of each family of drivers.</param>
/// <param name="Rules">Rules by id; null removes a rule of the extended profile.</param>
internal sealed record TargetDocument(
    string? Extends, string? Id, string? Title, string? Description, IReadOnlyList<string>? Notes, IReadOnlyList<string>? Devices,
    IReadOnlyDictionary<string, DriverDemand>? Drivers, IReadOnlyDictionary<string, ProfileRule?>? Rules);

/// <summary>The generated metadata.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true)]
[JsonSerializable(typeof(TargetDocument))]
internal sealed partial class TargetJsonContext : JsonSerializerContext;

/// <summary>Target profiles as JSON text.</summary>
internal static class TargetJson
{
    private static readonly TargetJsonContext Context = new(new JsonSerializerOptions(TargetJsonContext.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    public static string Write(TargetDocument document) => JsonSerializer.Serialize(document, Context.TargetDocument);
}
