using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Reports;

/// <summary>One partition of the disk.</summary>
/// <param name="Number">1-based, in slot order.</param>
/// <param name="Offset">First byte on the disk.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Type">What the table says it is: <c>EFI System</c>, <c>Microsoft Reserved</c>, <c>Basic data</c>, <c>0x07</c>…</param>
/// <param name="FileSystem">What its first sector says it holds: <c>NTFS</c>, <c>FAT32</c>, <c>BitLocker</c>; null when unknown.</param>
/// <param name="Label">The volume label, or null.</param>
/// <param name="Role">What it does for this machine: <c>windows</c>, <c>system</c> (boot files), <c>data</c>, <c>recovery</c>,
/// <c>reserved</c>.</param>
/// <param name="Active">The MBR active flag.</param>
/// <param name="Id">The GPT partition GUID, or null.</param>
/// <param name="Letter">The drive letter that Windows gave it, or null.</param>
/// <param name="FreeBytes">Free bytes of its file system, or null.</param>
public sealed record PartitionReport(
    int Number, long Offset, long Length, string Type, string? FileSystem, string? Label, string? Role, bool Active, string? Id,
    string? Letter, long? FreeBytes)
{
    /// <summary>The name of a GPT partition, or null.</summary>
    public string? Name { get; init; }

    /// <summary>
    /// The attributes of a GPT partition, as words: <c>required</c>, <c>noBlockIo</c>, <c>legacyBoot</c>, <c>readOnly</c>,
    /// <c>shadowCopy</c>, <c>hidden</c>, <c>noDriveLetter</c>, others as <c>bit 48</c>. Null without any.
    /// </summary>
    public IReadOnlyList<string>? Attributes { get; init; }

    /// <summary>Whether it lies inside an extended partition of an MBR.</summary>
    public bool? Logical { get; init; }

    /// <summary>What the volume says about itself; null where it cannot be read.</summary>
    public VolumeFacts? Volume { get; init; }
}
