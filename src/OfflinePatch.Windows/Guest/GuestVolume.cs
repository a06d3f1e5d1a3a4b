using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;

namespace OfflinePatch.Windows.Guest;

/// <summary>What the first sectors of a partition say that it holds.</summary>
public enum VolumeKind
{
    /// <summary>Nothing that is known.</summary>
    Unknown,

    /// <summary>NTFS.</summary>
    Ntfs,

    /// <summary>FAT12, FAT16 or FAT32.</summary>
    Fat,

    /// <summary>exFAT.</summary>
    ExFat,

    /// <summary>ReFS.</summary>
    Refs,

    /// <summary>BitLocker: ciphertext, even when protection is suspended.</summary>
    BitLocker,

    /// <summary>A Linux file system (ext2/3/4, XFS, Btrfs) or LVM, LUKS, swap.</summary>
    Linux,
}

/// <summary>One volume of the disk: a partition and what it holds.</summary>
public sealed class GuestVolume
{
    /// <summary>The number of its partition, 1-based; 0 for a volume without a partition table, and in tests.</summary>
    public int Number { get; init; }

    /// <summary>Its partition, or null in tests.</summary>
    public Partition? Partition { get; init; }

    /// <summary>Its bytes, or null in tests.</summary>
    public BlockDevice? Device { get; init; }

    /// <summary>What it holds.</summary>
    public required VolumeKind Kind { get; init; }

    /// <summary>Its file system, or null when it cannot be read.</summary>
    public IFileSystem? Files { get; init; }

    /// <summary>Why its file system cannot be read, or null.</summary>
    public Exception? Failure { get; init; }

    /// <summary>The state of an NTFS volume; null for anything else.</summary>
    public VolumeState? Condition { get; init; }

    /// <summary>A remark on it, a full sentence, or null: <c>$LogFile was replayed</c>.</summary>
    public string? Note { get; init; }

    /// <summary>What it says about itself; null when it cannot be read.</summary>
    public VolumeFacts? Facts { get; init; }

    /// <summary>Its label, or null.</summary>
    public string? Label { get; init; }

    /// <summary>Free bytes, or null.</summary>
    public long? FreeBytes { get; init; }

    /// <summary>First byte on the disk.</summary>
    public long Offset => Partition?.Offset ?? 0;

    /// <summary>
    /// Whether a Windows can have files on it, as far as what it holds and the type of its partition say: also where it cannot be read.
    /// </summary>
    internal bool MayHoldWindowsFiles => Files is not null
        || Kind is not (VolumeKind.Unknown or VolumeKind.Linux)
        || Partition is null or { MbrType: PartitionTypes.MbrNtfs }
        || Partition.TypeGuid == PartitionTypes.BasicData;

    /// <summary>For messages: <c>partition 2 (NTFS)</c>.</summary>
    public string Description => Number == 0 ? $"the volume ({Kind})" : $"partition {Number} ({Kind})";

    /// <summary>
    /// The file system itself, for what <see cref="IFileSystem"/> does not say; changes made through it are not recorded. Null when it
    /// cannot be read.
    /// </summary>
    public IFileSystem? FileSystem => Files is RecordingFileSystem recording ? recording.Inner : Files;

    /// <summary>The file system, for a caller that has made sure that there is one.</summary>
    public IFileSystem RequireFiles() => Files ?? throw new InvalidOperationException($"{Description} has no readable file system");

    /// <summary>The file system, for a caller that is about to write.</summary>
    public IWritableFileSystem RequireWritable() =>
        Files as IWritableFileSystem ?? throw new UnsupportedImageException("WIN-0011", $"{Description} cannot be written.");
}
