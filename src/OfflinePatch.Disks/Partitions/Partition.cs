using OfflinePatch.Core;

namespace OfflinePatch.Disks.Partitions;

/// <summary>One partition of a disk. It lies inside the disk; none overlaps another.</summary>
public sealed record Partition
{
    /// <summary>
    /// 1-based, in the order of the table's slots, empty slots counted: GPT slot + 1; MBR primaries 1 to 4, logical partitions from 5 on.
    /// </summary>
    public required int Number { get; init; }

    /// <summary>First byte on the disk.</summary>
    public required long Offset { get; init; }

    /// <summary>Bytes, at least one sector.</summary>
    public required long Length { get; init; }

    /// <summary>GPT partition type; <see cref="Guid.Empty"/> on an MBR disk.</summary>
    public Guid TypeGuid { get; init; }

    /// <summary>GPT unique partition GUID; <see cref="Guid.Empty"/> on an MBR disk.</summary>
    public Guid UniqueGuid { get; init; }

    /// <summary>MBR partition type; 0 on a GPT disk.</summary>
    public byte MbrType { get; init; }

    /// <summary>MBR: the partition that the BIOS starts (status 0x80). False on a GPT disk.</summary>
    public bool IsActive { get; init; }

    /// <summary>Whether it is one with Windows' recovery tools, by its type.</summary>
    public bool IsRecovery => TypeGuid == PartitionTypes.WindowsRecovery || MbrType == PartitionTypes.MbrRecovery;

    /// <summary>MBR: inside the extended partition.</summary>
    public bool IsLogical { get; init; }

    /// <summary>
    /// GPT attribute bits: bit 0 required by the platform, bit 2 legacy BIOS bootable, bits 60-63 Microsoft's (read-only, shadow copy,
    /// hidden, no drive letter).
    /// </summary>
    public ulong Attributes { get; init; }

    /// <summary>GPT partition name, without trailing zeros; empty on an MBR disk.</summary>
    public string Name { get; init; } = "";

    /// <summary>What the partition's type says, for people: <c>EFI system</c>, <c>NTFS/exFAT</c>, <c>type 0x83</c>.</summary>
    public string TypeName => MbrType != 0 ? PartitionTypes.NameOf(MbrType) : PartitionTypes.NameOf(TypeGuid);

    /// <summary>The partition's bytes as a device of its own; it does not own <paramref name="disk"/>.</summary>
    public BlockDevice OpenDevice(BlockDevice disk) => new SubDevice(disk, Offset, Length);
}
