using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows.Jobs;

/// <summary>What <see cref="FixJob"/> is asked to do, the same for every image of a batch.</summary>
public sealed record FixRequest
{
    /// <summary>How the image is opened, and whether the undo file is kept.</summary>
    public EditOptions Open { get; init; } = new();

    /// <summary>What the rules are asked.</summary>
    public RuleRequest Rules { get; init; } = new();

    /// <summary>The fixed copy, or null to change the image in place.</summary>
    public OutputOptions? Output { get; init; }

    /// <summary>Write only when the result is ready (or, where rules were chosen, when these pass).</summary>
    public bool RequireReady { get; init; }

    /// <summary>Report what would be done; write nothing.</summary>
    public bool DryRun { get; init; }
}
