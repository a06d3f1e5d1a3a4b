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
    /// The partition that a device names, or named before the disk was cloned: then the ids of the partitions are the old ones, and the id
    /// of the disk is new. Null when there is none.
    /// </summary>
    public static Partition? Meant(PartitionTable table, BcdDevice device) => device.FindOn(table)
        ?? table.Partitions.FirstOrDefault(p => table.Scheme == PartitionScheme.Gpt
            ? device.Kind == BcdDeviceKind.GptPartition && p.UniqueGuid == device.PartitionId
            : device.Kind == BcdDeviceKind.MbrPartition && p.Offset == device.PartitionOffset);

    /// <summary>
    /// The partition that a device of an old boot configuration means, where it can be read and holds the file that is meant with it; else
    /// null.
    /// </summary>
    /// <param name="machine">The disk.</param>
    /// <param name="device">The device.</param>
    /// <param name="path">The file, from the root of the partition; null for the partition alone.</param>
    public static Partition? Holder(GuestMachine machine, BcdDevice device, string? path) =>
        Meant(machine.Partitions, device) is { } partition
        && machine.Volumes.FirstOrDefault(v => v.Number == partition.Number) is { Files: { } files }
        && (path is null || files.FileExists(path.TrimStart('\\')))
            ? partition
            : null;
}
