using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules;

/// <summary>What a rule found.</summary>
internal enum FindingState
{
    /// <summary>The requirement is met.</summary>
    Ok,

    /// <summary>The requirement is not met.</summary>
    Failed,

    /// <summary>The requirement says nothing about this image.</summary>
    NotApplicable,
}

/// <summary>What a rule found, in words for the person whose machine it is.</summary>
/// <param name="State">Whether the requirement is met.</param>
/// <param name="Message">One sentence that names the exact key or file.</param>
/// <param name="Remedy">What the user can do, or null.</param>
/// <param name="Before">What is there now, or null.</param>
/// <param name="After">What a fix would put there, or null.</param>
/// <param name="Fixable">Whether <see cref="Rule.Fix"/> can fix this failure (an option may be missing for it).</param>
internal sealed record Finding(
    FindingState State, string Message, string? Remedy = null, string? Before = null, string? After = null, bool Fixable = false)
{
    /// <summary>
    /// How much this failure matters, where it is not the severity of the rule: less for what is inferred, more for what is certain.
    /// </summary>
    public RuleSeverity? Severity { get; init; }

    /// <summary>A remark, whatever the state; shown in every report.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>The requirement is met.</summary>
    public static Finding Ok(string message) => new(FindingState.Ok, message);

    /// <summary>The requirement says nothing about this image.</summary>
    public static Finding NotApplicable(string message) => new(FindingState.NotApplicable, message);

    /// <summary>The requirement is not met, and only the user can fix it.</summary>
    public static Finding Failed(string message, string remedy, string? before = null, string? after = null) =>
        new(FindingState.Failed, message, remedy, before, after);

    /// <summary>The requirement is not met; <see cref="Rule.Fix"/> fixes it.</summary>
    public static Finding Broken(string message, string? before = null, string? after = null, string? remedy = null) =>
        new(FindingState.Failed, message, remedy ?? "Run `offlinepatch fix`.", before, after, Fixable: true);
}
