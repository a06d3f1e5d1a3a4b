using System.Text.Json.Serialization;

namespace OfflinePatch.Windows.Targets;

/// <summary>How much a failed rule matters.</summary>
public enum RuleSeverity
{
    /// <summary>Worth knowing.</summary>
    [JsonStringEnumMemberName("info")]
    Info,

    /// <summary>The target advises it.</summary>
    [JsonStringEnumMemberName("warning")]
    Warning,

    /// <summary>The machine will not start, not be reachable, or be rejected by the target.</summary>
    [JsonStringEnumMemberName("error")]
    Error,
}
