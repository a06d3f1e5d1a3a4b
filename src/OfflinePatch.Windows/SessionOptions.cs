using OfflinePatch.Windows.Profiles;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows;

/// <summary>How an image is opened and judged.</summary>
public sealed record SessionOptions
{
    /// <summary>What the user asked for.</summary>
    public RuleOptions Rules { get; init; } = new();

    /// <summary>Replay the $LogFile of volumes that were not dismounted cleanly, as Windows would at its next start; <c>--replay-log</c>.</summary>
    public bool ReplayLog { get; init; }

    /// <summary>What the image is made ready for.</summary>
    public TargetProfile Profile { get; init; } = TargetProfile.Get(TargetProfile.DefaultId);
}
