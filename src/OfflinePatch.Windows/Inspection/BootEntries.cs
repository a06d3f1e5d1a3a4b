using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Registry.Bcd;

namespace OfflinePatch.Windows.Inspection;

/// <summary>What rules ask of a boot configuration and its entries (boot-network-accounts.md §1).</summary>
public static class BootEntries
{
    private const uint DescriptionElement = 0x12000004;
    private const uint WinPeElement = 0x26000022;
    private const uint SafeBootElement = 0x25000080;

    extension(BcdObject entry)
    {
        /// <summary>Its name in the boot menu.</summary>
        public string? Description => entry.Find(DescriptionElement)?.Text;

        /// <summary>The program, by its path on <see cref="get_Device(BcdObject)"/>.</summary>
        public string? ProgramPath => entry.Find(BcdStore.ApplicationPath)?.Text;

        /// <summary>The Windows directory on <see cref="get_OsDevice(BcdObject)"/>.</summary>
        public string? SystemRoot => entry.Find(BcdStore.SystemRoot)?.Text;

        /// <summary>Where the program is.</summary>
        public BcdDevice Device => entry.Find(BcdStore.ApplicationDevice)?.Device ?? new BcdDevice();

        /// <summary>Where Windows is.</summary>
        public BcdDevice OsDevice => entry.Find(BcdStore.OsDevice)?.Device ?? new BcdDevice();

        /// <summary>Whether it starts Windows (winload), not a recovery or setup environment.</summary>
        public bool StartsWindows =>
            entry.ProgramPath?.Contains("winload", StringComparison.OrdinalIgnoreCase) == true && entry.Find(WinPeElement)?.Boolean is not true;

        /// <summary>Whether it starts Windows in safe mode.</summary>
        public bool IsSafeMode => entry.Find(SafeBootElement) is not null;
    }

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
            : table.Partitions.FirstOrDefault(p => device.Kind == BcdDeviceKind.GptPartition ? p.UniqueGuid == device.PartitionId : p.Offset == device.PartitionOffset);

        /// <summary>In words.</summary>
        public string Describe() => device.Kind switch
        {
            BcdDeviceKind.GptPartition => $"partition {device.PartitionId} of disk {device.DiskId}",
            BcdDeviceKind.MbrPartition => $"the partition at byte {device.PartitionOffset} of the disk with signature {device.DiskSignature:X8}",
            BcdDeviceKind.Boot => "the boot device",
            BcdDeviceKind.Locate => "wherever it is found",
            BcdDeviceKind.VirtualDisk => $"a virtual disk ({device.Path})",
            BcdDeviceKind.Ramdisk => $"a RAM disk ({device.Path})",
            BcdDeviceKind.Network => "a network device",
            BcdDeviceKind.Unknown => "nothing that is known",
            _ => "no partition",
        };
    }

    /// <summary>The configuration in a hive; null when it holds none, or is too damaged to be walked.</summary>
    public static BcdStore? Read(GuestHive hive)
    {
        try
        {
            return hive.Hive.Find("Objects") is null ? null : BcdStore.Open(hive.Hive);
        }
        catch (CorruptImageException)
        {
            return null; // as good as none for whoever wants to start from it; `reg check` names the fault
        }
    }
}
