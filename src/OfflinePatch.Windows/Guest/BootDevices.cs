using OfflinePatch.Disks.Partitions;
using OfflinePatch.Registry.Bcd;

namespace OfflinePatch.Windows.Guest;

/// <summary>What a device of a boot configuration names on a disk (boot-network-accounts.md §1.3).</summary>
public static class BootDevices
{
    extension(BcdDevice device)
    {
        /// <summary>Whether it names a partition of a disk: the usual form.</summary>
        public bool IsPartition => device.Kind is BcdDeviceKind.GptPartition or BcdDeviceKind.MbrPartition;

        /// <summary>Whether it is found while booting: the device that the boot manager came from, or wherever a file is.</summary>
        public bool IsSearched => device.Kind is BcdDeviceKind.Boot or BcdDeviceKind.Locate;

        /// <summary>Whether the disk that it names is the one with this table.</summary>
        public bool IsOn(PartitionTable table) => device.Kind switch
        {
            BcdDeviceKind.GptPartition => table.Scheme == PartitionScheme.Gpt && device.DiskId == table.DiskGuid,
            BcdDeviceKind.MbrPartition => table.Scheme == PartitionScheme.Mbr && device.DiskSignature == table.MbrSignature,
            _ => false,
        };

        /// <summary>The partition of this table that it names, or null.</summary>
        public Partition? FindOn(PartitionTable table) => !device.IsOn(table)
            ? null
            : table.Partitions.FirstOrDefault(p => device.Kind == BcdDeviceKind.GptPartition
                ? p.UniqueGuid == device.PartitionId
                : p.Offset == device.PartitionOffset);

        /// <summary>In words.</summary>
        public string Describe() => device.Kind switch
        {
            BcdDeviceKind.GptPartition => $"partition {device.PartitionId} of disk {device.DiskId}",
            BcdDeviceKind.MbrPartition =>
                $"the partition at byte {device.PartitionOffset} of the disk with signature {device.DiskSignature:X8}",
            BcdDeviceKind.Boot => "the boot device",
            BcdDeviceKind.Locate => "wherever it is found",
            BcdDeviceKind.VirtualDisk => $"a virtual disk ({device.Path})",
            BcdDeviceKind.Ramdisk => $"a RAM disk ({device.Path})",
            BcdDeviceKind.Network => "a network device",
            BcdDeviceKind.Unknown => "nothing that is known",
            _ => "no partition",
        };
    }
}
