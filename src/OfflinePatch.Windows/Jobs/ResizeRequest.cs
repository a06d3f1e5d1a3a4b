namespace OfflinePatch.Windows.Jobs;

/// <summary>How large a disk is to be.</summary>
public sealed record ResizeRequest
{
    /// <summary>
    /// The disk's new size in bytes, or with <see cref="IsIncrease"/> more than now; over 0, at most 2^62. A multiple of the sector size.
    /// </summary>
    public required long Length { get; init; }

    /// <summary>Whether <see cref="Length"/> counts from the present end of the disk; <c>+10G</c>.</summary>
    public bool IsIncrease { get; init; }

    /// <summary>Whether the partition of Windows and its NTFS volume take the space that follows them; <c>--extend</c>.</summary>
    public bool Extend { get; init; }

    /// <summary>Do everything, and write nothing; <c>--dry-run</c>.</summary>
    public bool DryRun { get; init; }

    /// <summary>Write a copy of the new size and leave the image as it is; null to change the image.</summary>
    public OutputOptions? Output { get; init; }
}
