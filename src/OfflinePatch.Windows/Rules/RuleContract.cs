using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules;

/// <summary>Everything about a rule that does not depend on an image.</summary>
/// <param name="Id">Its stable name: <c>network.dhcp</c>.</param>
internal sealed record RuleContract(string Id)
{
    /// <summary>The rule in a few words, as a requirement: <c>Every network interface uses DHCP</c>.</summary>
    public required string Title { get; init; }

    /// <summary>How much a failure matters, unless the target profile says otherwise.</summary>
    public RuleSeverity Severity { get; init; } = RuleSeverity.Error;

    /// <summary>Where the requirement comes from.</summary>
    public required string Source { get; init; }

    /// <summary>What it looks at and what a fix changes, with the keys and files.</summary>
    public required string Summary { get; init; }

    /// <summary>Whether a failure refuses the whole image before anything is written. Gates always run.</summary>
    public bool IsGate { get; init; }

    /// <summary>Whether it judges the Windows installation (and is not asked when there is none).</summary>
    public bool NeedsWindows { get; init; } = true;

    /// <summary>Whether <see cref="Rule.Fix"/> does anything.</summary>
    public bool CanFix { get; init; }

    /// <summary>
    /// Whether a fix changes what is on the disk for the other rules: partitions, volumes, boot files. Such rules run first, and the disk
    /// is read again after each that changed something.
    /// </summary>
    public bool ChangesLayout { get; init; }

    /// <summary>Whether it takes driver packages from <c>--drivers</c>.</summary>
    public bool UsesDriverSources { get; init; }

    /// <summary>Whether the rule may stay unmet though a source was named: the other repairs are kept.</summary>
    public bool MayLackSource { get; init; }

    /// <summary>What a target can set.</summary>
    public IReadOnlyList<RuleParameter> Parameters { get; init; } = [];
}
