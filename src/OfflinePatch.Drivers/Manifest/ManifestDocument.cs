using System.Text.Json.Serialization;

namespace OfflinePatch.Drivers.Manifest;

/// <summary>A family file of drivers-manifest as JSON has it; <see cref="DriverFamily"/> is what the program works with.</summary>
internal sealed record ManifestDocument(
    int Schema, string? Family, string? Title, IReadOnlyList<ManifestLink>? Obtain, IReadOnlyList<DriverDirectory>? Directories,
    IReadOnlyDictionary<string, IReadOnlyList<string>>? Architectures, IReadOnlyList<string>? Exclude, IReadOnlyList<DriverEntry>? Drivers,
    IReadOnlyList<InstalledBundle>? Installed)
{
    /// <summary>The schema that an editor uses; not read.</summary>
    [JsonPropertyName("$schema")]
    public string? SchemaLocation { get; init; }
}

/// <summary>Where to get drivers.</summary>
/// <param name="Title">What it is.</param>
/// <param name="Url">Its address.</param>
public sealed record ManifestLink(string Title, string Url);

/// <summary>How an installed bundle of drivers is recognised.</summary>
/// <param name="Title">The bundle.</param>
/// <param name="File">A path below the root of the Windows volume.</param>
/// <param name="Key">The entry of an .ini file that holds the version; null when the whole file is the version.</param>
/// <param name="Lowest">The lowest version that the target accepts, or null.</param>
/// <param name="Note">Further remarks, or null.</param>
public sealed record InstalledBundle(string Title, string File, string? Key, string? Lowest, string? Note);

/// <summary>Which editions a folder of a driver disc is for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DriverEditions>))]
public enum DriverEditions
{
    /// <summary>Client and server.</summary>
    [JsonStringEnumMemberName("any")]
    Any,

    /// <summary>Client editions.</summary>
    [JsonStringEnumMemberName("client")]
    Client,

    /// <summary>Server editions.</summary>
    [JsonStringEnumMemberName("server")]
    Server,
}

/// <summary>A folder name of a driver disc with the lowest Windows that it serves.</summary>
/// <param name="Name">The name, lower case.</param>
/// <param name="Aliases">Other names.</param>
/// <param name="Major">Major version.</param>
/// <param name="Minor">Minor version.</param>
/// <param name="Build">Build, or 0.</param>
/// <param name="Editions">Client, server or both.</param>
public sealed record DriverDirectory(string Name, IReadOnlyList<string>? Aliases, int Major, int Minor, int Build, DriverEditions Editions)
{
    /// <summary>Whether a path element is this folder.</summary>
    public bool IsNamed(string element) =>
        Name.Equals(element, StringComparison.OrdinalIgnoreCase) || (Aliases?.Contains(element, StringComparer.OrdinalIgnoreCase) ?? false);
}

/// <summary>What a driver is for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DriverRole>))]
public enum DriverRole
{
    /// <summary>Anything else.</summary>
    [JsonStringEnumMemberName("other")]
    Other,

    /// <summary>A disk controller.</summary>
    [JsonStringEnumMemberName("storage")]
    Storage,

    /// <summary>A network adapter.</summary>
    [JsonStringEnumMemberName("network")]
    Network,

    /// <summary>A bus that carries the others.</summary>
    [JsonStringEnumMemberName("bus")]
    Bus,
}

/// <summary>One driver of a family.</summary>
/// <param name="Id">Its name in reports and targets.</param>
/// <param name="Title">For people.</param>
/// <param name="Inf">File names of its INF, lower case.</param>
/// <param name="Services">Its services.</param>
/// <param name="HardwareIds">Ids without subsystem and revision; those of its INF begin with one of them.</param>
/// <param name="Class">Name of its setup class.</param>
/// <param name="Role">What it is for.</param>
/// <param name="BootCritical">Whether Windows needs it to reach its disk.</param>
/// <param name="BusType">STORAGE_BUS_TYPE, or null.</param>
/// <param name="GenericIds">Ids without subsystem that are registered in addition to those of the INF.</param>
/// <param name="Replaces">Drivers that are not staged together with it.</param>
/// <param name="Files">Names of its files in addition to those of its services.</param>
/// <param name="Lowest">Lowest Windows, <c>major.minor</c>, that it was ever made for, or null.</param>
public sealed record DriverEntry(
    string Id, string Title, IReadOnlyList<string> Inf, IReadOnlyList<string> Services, IReadOnlyList<string> HardwareIds, string Class,
        DriverRole Role,
    bool BootCritical, int? BusType, IReadOnlyList<string>? GenericIds, IReadOnlyList<string>? Replaces, IReadOnlyList<string>? Files,
        string? Lowest)
{
    /// <summary>Whether an id of an INF or of a machine is one of this driver's.</summary>
    public bool Owns(string id) => HardwareIds.Any(h => id.StartsWith(h, StringComparison.OrdinalIgnoreCase));
}

/// <summary>Source-generated JSON of the manifest.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, ReadCommentHandling = System.Text.Json.JsonCommentHandling.Skip)]
[JsonSerializable(typeof(ManifestDocument))]
internal sealed partial class ManifestJson : JsonSerializerContext;
