using System.Text.Json.Serialization;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Reports;

/// <summary>What one rule found.</summary>
/// <param name="Id">The rule.</param>
/// <param name="Severity">How much a failure matters, as the target profile says.</param>
/// <param name="State">Its outcome.</param>
/// <param name="Message">One sentence that names the exact key or file.</param>
/// <param name="Remedy">What the user can do; null when there is nothing to do.</param>
/// <param name="Before">The old value, or null.</param>
/// <param name="After">The new value, or null.</param>
/// <param name="Title">The rule in a few words.</param>
/// <param name="Gate">Whether a failure refuses the whole image.</param>
public sealed record RuleReport(
    string Id, RuleSeverity Severity, RuleState State, string Message, string? Remedy = null, string? Before = null, string? After = null,
    string? Title = null, bool Gate = false)
{
    /// <summary>A remark, whatever the state.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Remarks { get; init; } = [];
}
