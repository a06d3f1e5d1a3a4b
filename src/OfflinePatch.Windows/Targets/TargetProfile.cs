using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OfflinePatch.Core;

namespace OfflinePatch.Windows.Targets;

/// <summary>What an image is made ready for: the rules that apply, how much each matters there, and their parameters.</summary>
/// <param name="Id"><c>huawei-ims</c>.</param>
/// <param name="Title">The target's name.</param>
/// <param name="Description">What it is, in a sentence.</param>
/// <param name="Rules">Rules by id. A rule that is not listed does not run; gates always do.</param>
public sealed record TargetProfile(string Id, string Title, string Description, IReadOnlyDictionary<string, ProfileRule> Rules)
{
    /// <summary>A profile that lists no rule: every rule runs with its own severity and parameters.</summary>
    public static TargetProfile Empty { get; } = new("none", "", "", new Dictionary<string, ProfileRule>());

    /// <summary>Reads a profile from JSON.</summary>
    /// <param name="json">UTF-8; comments and trailing commas are allowed.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <param name="ruleIds">The rules that exist.</param>
    /// <exception cref="UnsupportedImageException"><c>WIN-0008</c>: it is not a profile.</exception>
    internal static TargetProfile Parse(ReadOnlySpan<byte> json, string source, IReadOnlyCollection<string> ruleIds)
    {
        try
        {
            var profile = JsonSerializer.Deserialize(json, ProfileJsonContext.Default.TargetProfile)
                ?? throw TargetError.Broken(source, "it is empty.");
            if (string.IsNullOrEmpty(profile.Id) || profile.Rules is null)
            {
                throw TargetError.Broken(source, "it lacks \"id\" or \"rules\".");
            }

            // A rule that is misspelt would silently not run.
            return profile.Rules.Keys.FirstOrDefault(id => !ruleIds.Contains(id, StringComparer.Ordinal)) is { } unknown
                ? throw TargetError.Broken(source, $"there is no rule {unknown}.")
                : profile;
        }
        catch (JsonException e)
        {
            throw TargetError.Broken(source, e.Message);
        }
    }

    /// <summary>Whether a rule applies to this target.</summary>
    public bool Includes(string ruleId) => Rules.Count == 0 || Rules.ContainsKey(ruleId);

    /// <summary>How much a failure of a rule matters here, or null for the rule's own severity.</summary>
    public RuleSeverity? SeverityOf(string ruleId) => Rules.GetValueOrDefault(ruleId)?.Severity;

    /// <summary>A parameter of a rule as text.</summary>
    public string Text(string ruleId, string name, string fallback) =>
        Rules.GetValueOrDefault(ruleId)?.Parameters?.GetValueOrDefault(name) ?? fallback;

    /// <summary>A parameter of a rule as a number.</summary>
    /// <exception cref="UnsupportedImageException"><c>WIN-0008</c>: it is not a number.</exception>
    public long Number(string ruleId, string name, long fallback)
    {
        var text = Rules.GetValueOrDefault(ruleId)?.Parameters?.GetValueOrDefault(name);
        return text is null
            ? fallback
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw TargetError.Broken(Id, $"{ruleId}.{name} is \"{text}\", not a number.");
    }

    /// <summary>A parameter of a rule as a list: entries separated by commas.</summary>
    public IReadOnlyList<string> List(string ruleId, string name, IReadOnlyList<string> fallback) =>
        Rules.GetValueOrDefault(ruleId)?.Parameters?.GetValueOrDefault(name) is { } text
            ? text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : fallback;

    /// <summary>Every parameter of a rule.</summary>
    public IReadOnlyDictionary<string, string> ParametersOf(string ruleId) =>
        Rules.GetValueOrDefault(ruleId)?.Parameters ?? new Dictionary<string, string>();
}

/// <summary>How a target sees one rule.</summary>
/// <param name="Severity">How much a failure matters; null for the rule's own.</param>
/// <param name="Source">Where this target's requirement comes from; null for the rule's own.</param>
/// <param name="Parameters">Parameters by name, as text.</param>
public sealed record ProfileRule(RuleSeverity? Severity = null, string? Source = null, IReadOnlyDictionary<string, string>? Parameters = null);

/// <summary>The generated metadata.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true)]
[JsonSerializable(typeof(TargetProfile))]
internal sealed partial class ProfileJsonContext : JsonSerializerContext;
