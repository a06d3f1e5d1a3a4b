using System.Text.Json;

namespace OfflinePatch.Windows.Targets;

/// <summary>How a target sees one rule.</summary>
/// <param name="Severity">How much a failure matters; null for the rule's own.</param>
/// <param name="Source">Where this target's requirement comes from; null for the rule's own.</param>
/// <param name="Parameters">Parameters by name; see <see cref="RuleParameter"/>.</param>
public sealed record ProfileRule(RuleSeverity? Severity = null, string? Source = null,
    IReadOnlyDictionary<string, JsonElement>? Parameters = null)
{
    /// <summary>This rule with what <paramref name="own"/> adds or replaces.</summary>
    internal ProfileRule Extend(ProfileRule own)
    {
        var parameters = new Dictionary<string, JsonElement>(Parameters ?? new Dictionary<string, JsonElement>(), StringComparer.Ordinal);
        foreach (var (name, value) in own.Parameters ?? new Dictionary<string, JsonElement>())
        {
            parameters[name] = value;
        }

        return new ProfileRule(own.Severity ?? Severity, own.Source ?? Source, parameters.Count == 0 ? null : parameters);
    }
}
