namespace OfflinePatch.Windows.Guest;

/// <summary>How an image is opened.</summary>
public sealed record SessionOptions
{
    /// <summary>
    /// Replay the $LogFile of volumes that were not dismounted cleanly, as Windows would at its next start; <c>--replay-log</c>.
    /// </summary>
    public bool ReplayLog { get; init; }

    /// <summary>Whether a replay may carry out operations that no real log has tested; <c>--force-replay</c>.</summary>
    public bool ForceReplay { get; init; }

    /// <summary>Receives every file and registry value that is changed, and the stages of the work; or null.</summary>
    public Action<string>? Trace { get; init; }

    /// <summary>The clock of every time stamp that a change leaves in the image.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
