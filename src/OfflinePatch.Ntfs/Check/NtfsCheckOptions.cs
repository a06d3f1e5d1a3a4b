namespace OfflinePatch.Ntfs.Check;

/// <summary>How a volume is checked.</summary>
internal sealed record NtfsCheckOptions
{
    /// <summary>Findings that are kept; the checker stops soon after.</summary>
    public int MaximumFindings { get; init; } = 1000;

    /// <summary>
    /// Whether "the volume is marked dirty" and "the log is not closed" are findings. They are gates of their own elsewhere.
    /// </summary>
    public bool CheckState { get; init; } = true;

    /// <summary>Stops the check with <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken Cancellation { get; init; }
}
