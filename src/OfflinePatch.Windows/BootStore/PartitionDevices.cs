using OfflinePatch.Disks.Partitions;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.BootStore;

/// <summary>Partitions of a disk, and what a boot configuration calls them.</summary>
internal static class PartitionDevices
{
    /// <summary>The device that names a partition.</summary>
    public static BcdDevice Of(PartitionTable table, Partition partition) => table.Scheme == PartitionScheme.Gpt
        ? BcdDevice.OfGpt(table.DiskGuid, partition.UniqueGuid)
        : BcdDevice.OfMbr(table.MbrSignature, partition.Offset);

    /// <summary>
    /// The partition that a device names, or named before the disk was cloned: the ids of the partitions are the old ones then, and the id
    /// of the disk is new. Null when there is none.
    /// </summary>
    public static Partition? Meant(PartitionTable table, BcdDevice device) => device.FindOn(table)
        ?? table.Partitions.FirstOrDefault(p => table.Scheme == PartitionScheme.Gpt
            ? device.Kind == BcdDeviceKind.GptPartition && p.UniqueGuid == device.PartitionId
            : device.Kind == BcdDeviceKind.MbrPartition && p.Offset == device.PartitionOffset);
}
