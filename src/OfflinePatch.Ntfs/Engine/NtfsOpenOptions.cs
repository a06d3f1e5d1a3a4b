using OfflinePatch.Ntfs.Replay;

namespace OfflinePatch.Ntfs.Engine;

/// <summary>How a volume is opened.</summary>
public sealed class NtfsOpenOptions
{
    /// <summary>The defaults.</summary>
    public static NtfsOpenOptions Default { get; } = new();

    /// <summary>What the volume is called in messages.</summary>
    public string Source { get; init; } = "NTFS volume";

    /// <summary>
    /// Whether the metafiles ($MFT, $Bitmap, …) are listed in the root directory. They can be opened by name either way.
    /// </summary>
    public bool ShowMetafiles { get; init; }

    /// <summary>
    /// Whether a replay of $LogFile may carry out operations that no real log has tested; see <see
    /// cref="OfflinePatch.Ntfs.Replay.LogReplayOptions.Force"/>.
    /// </summary>
    public bool ForceLogReplay { get; init; }

    /// <summary>The clock for timestamps of what is written.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
