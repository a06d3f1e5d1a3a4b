namespace OfflinePatch.Ntfs.Replay;

/// <summary>How a log is replayed.</summary>
public sealed record LogReplayOptions
{
    /// <summary>
    /// Whether operations are carried out that no log of a real volume has tested (<c>NTFS-5209</c>). The result is
    /// checked either way.
    /// </summary>
    public bool Force { get; init; }
}
