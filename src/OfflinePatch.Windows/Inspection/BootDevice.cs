using System.Buffers.Binary;
using OfflinePatch.Disks.Partitions;

namespace OfflinePatch.Windows.Inspection;

/// <summary>What a BCD device element names.</summary>
public enum BootDeviceKind
{
    /// <summary>Absent, or of a form that is not known.</summary>
    Unknown,

    /// <summary>A partition of a disk: the usual form.</summary>
    Partition,

    /// <summary>The device that the boot manager was started from.</summary>
    Boot,

    /// <summary>Wherever a file is found (generalised images).</summary>
    Locate,

    /// <summary>A virtual disk inside a file, a RAM disk, a network…</summary>
    Special,
}

/// <summary>A BCD device element (boot-network-accounts.md §1.3). Never throws on odd bytes.</summary>
/// <param name="Kind">What it names.</param>
/// <param name="Scheme">The partition scheme of the disk it names.</param>
/// <param name="DiskGuid">GPT disk GUID.</param>
/// <param name="PartitionGuid">GPT partition GUID.</param>
/// <param name="MbrSignature">MBR disk signature.</param>
/// <param name="Offset">First byte of an MBR partition.</param>
public sealed record BootDevice(
    BootDeviceKind Kind, PartitionScheme Scheme = PartitionScheme.None, Guid DiskGuid = default, Guid PartitionGuid = default,
    uint MbrSignature = 0, ulong Offset = 0)
{
    /// <summary>Decodes an element.</summary>
    public static BootDevice Parse(ReadOnlySpan<byte> data)
    {
        if (data.Length < Layout.Id)
        {
            return new BootDevice(BootDeviceKind.Unknown);
        }

        switch (BinaryPrimitives.ReadUInt32LittleEndian(data[Layout.DeviceType..]))
        {
            case 5:
                return new BootDevice(BootDeviceKind.Boot);
            case 8:
                return new BootDevice(BootDeviceKind.Locate);
            case 6 when data.Length >= Layout.End && BinaryPrimitives.ReadUInt32LittleEndian(data[Layout.ParentType..]) == 0:
                break;
            default:
                return new BootDevice(BootDeviceKind.Special);
        }

        var partition = data.Slice(Layout.Id, 16);
        var disk = data.Slice(Layout.DiskId, 16);
        return BinaryPrimitives.ReadUInt32LittleEndian(data[Layout.Scheme..]) switch
        {
            0 => new BootDevice(BootDeviceKind.Partition, PartitionScheme.Gpt, new Guid(disk), new Guid(partition)),
            1 => new BootDevice(
                BootDeviceKind.Partition, PartitionScheme.Mbr, MbrSignature: BinaryPrimitives.ReadUInt32LittleEndian(disk),
                Offset: BinaryPrimitives.ReadUInt64LittleEndian(partition)),
            _ => new BootDevice(BootDeviceKind.Special),
        };
    }

    /// <summary>Whether the disk that it names is the one with this table.</summary>
    public bool IsOn(PartitionTable table) => Scheme == table.Scheme && Scheme switch
    {
        PartitionScheme.Gpt => DiskGuid == table.DiskGuid,
        PartitionScheme.Mbr => MbrSignature == table.MbrSignature,
        _ => false,
    };

    /// <summary>The partition of this table that it names, or null.</summary>
    public Partition? FindOn(PartitionTable table) => !IsOn(table)
        ? null
        : table.Partitions.FirstOrDefault(p => Scheme == PartitionScheme.Gpt ? p.UniqueGuid == PartitionGuid : (ulong)p.Offset == Offset);

    /// <summary>In words.</summary>
    public string Describe() => Kind switch
    {
        BootDeviceKind.Partition when Scheme == PartitionScheme.Gpt => $"partition {PartitionGuid} of disk {DiskGuid}",
        BootDeviceKind.Partition => $"the partition at byte {Offset} of the disk with signature {MbrSignature:X8}",
        BootDeviceKind.Boot => "the boot device",
        BootDeviceKind.Locate => "wherever it is found",
        BootDeviceKind.Special => "a virtual disk, RAM disk or network device",
        _ => "nothing",
    };

    /// <summary>Offsets in an element (reactos bl.h BCD_DEVICE_OPTION and BL_DEVICE_DESCRIPTOR; dumps of Windows 10 and 11).</summary>
    private static class Layout
    {
        public const int DeviceType = 0x10; // u32: 5 boot, 6 qualified partition, 8 locate…
        public const int Id = 0x20; // GPT: partition GUID; MBR: u64 byte offset
        public const int ParentType = 0x30; // u32: 0 disk, 6 virtual disk…
        public const int Scheme = 0x34; // u32: 0 GPT, 1 MBR, 2 none
        public const int DiskId = 0x38; // GPT: disk GUID; MBR: u32 signature
        public const int End = 0x48;
    }
}
