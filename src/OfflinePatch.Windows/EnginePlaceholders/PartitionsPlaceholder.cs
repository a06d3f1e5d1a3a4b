#pragma warning disable CS1591, CA1822, CA1801, IDE0060
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Partitions;

public enum PartitionScheme
{
    None,
    Mbr,
    Gpt,
}

public sealed class PartitionTable
{
    public static PartitionTable Read(BlockDevice disk) => throw new NotSupportedException();

    public PartitionScheme Scheme => default;

    public Guid DiskGuid => default;

    public uint MbrSignature => 0;

    public IReadOnlyList<Partition> Partitions => [];

    public IReadOnlyList<string> Notes => [];

    public bool HasDynamicDisk => false;
}

public sealed class Partition
{
    public int Number => 0;

    public long Offset => 0;

    public long Length => 0;

    public Guid TypeGuid => default;

    public Guid UniqueGuid => default;

    public byte MbrType => 0;

    public bool IsActive => false;

    public string Name => "";

    public BlockDevice OpenDevice(BlockDevice disk) => throw new NotSupportedException();
}
