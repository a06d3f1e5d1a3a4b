using System.Buffers.Binary;
using static OfflinePatch.Core.Binary.LittleEndian;

namespace OfflinePatch.Registry.Bcd;

/// <summary>
/// A device element. Source: ReactOS <c>boot/environ/include/bl.h</c> (BL_DEVICE_DESCRIPTOR), and the stores of the corpus.
/// What is not understood is <see cref="BcdDeviceKind.Unknown"/>; nothing here throws.
/// </summary>
public sealed partial record BcdDevice
{
    private static class Layout
    {
        public const int Options = 0x00; // GUID of an object with more options, zeros without
        public const int Descriptor = 0x10; // the device descriptor

        // inside a descriptor
        public const int Type = 0x00; // u32
        public const int Size = 0x08; // u32, bytes of the descriptor
        public const int Header = 0x10; // bytes before what depends on the type
        public const int LocalType = 0x10; // u32, of type 0
        public const int Partition = 0x10; // of type 6: GUID of the partition, or u64 its byte offset on the disk
        public const int ParentType = 0x20; // u32, local type of what holds the partition
        public const int Scheme = 0x24; // u32, 0 GPT, 1 MBR, 2 none
        public const int Disk = 0x28; // GUID of the disk, or u32 its signature
        public const int RamdiskPath = 0x28; // of local type 3: a path descriptor

        // inside a path descriptor
        public const int PathLength = 0x04; // u32, bytes of the path descriptor
        public const int PathDevice = 0x0C; // a nested device descriptor, with the path after it
    }

    /// <summary>What it points to.</summary>
    public BcdDeviceKind Kind { get; init; }

    /// <summary>The object with more options (a RAM disk's); empty without.</summary>
    public Guid Options { get; init; }

    /// <summary>The GUID of the partition; of a GPT partition.</summary>
    public Guid PartitionId { get; init; }

    /// <summary>The GUID of the disk; of a GPT partition.</summary>
    public Guid DiskId { get; init; }

    /// <summary>The byte offset of the partition on its disk; of an MBR partition.</summary>
    public long PartitionOffset { get; init; }

    /// <summary>The signature of the disk; of an MBR partition.</summary>
    public uint DiskSignature { get; init; }

    /// <summary>The path on <see cref="Parent"/>, or the one to locate; null without.</summary>
    public string? Path { get; init; }

    /// <summary>The device that holds the file; null without.</summary>
    public BcdDevice? Parent { get; init; }

    /// <summary>Reads a device element.</summary>
    public static BcdDevice Read(ReadOnlySpan<byte> element)
    {
        if (element.Length < Layout.Descriptor + Layout.Header)
        {
            return new BcdDevice();
        }

        return ReadDescriptor(element[Layout.Descriptor..], depth: 0) with { Options = new Guid(element.Slice(Layout.Options, 16)) };
    }

    /// <summary>As bcdedit shows it, with ids in place of drive letters, which only a running Windows knows.</summary>
    public override string ToString() => Kind switch
    {
        BcdDeviceKind.Boot => "boot",
        BcdDeviceKind.GptPartition => $"partition={PartitionId:B} disk={DiskId:B}",
        BcdDeviceKind.MbrPartition => $"partition=0x{PartitionOffset:x} disk=0x{DiskSignature:x8}",
        BcdDeviceKind.Ramdisk => $"ramdisk=[{Parent}]{Path}{(Options == Guid.Empty ? "" : $",{Options:B}")}",
        BcdDeviceKind.File => $"file=[{Parent}]{Path}",
        BcdDeviceKind.VirtualDisk => $"vhd=[{Parent}]{Path}",
        BcdDeviceKind.Locate => $"locate={Path}",
        BcdDeviceKind.Network => "network",
        BcdDeviceKind.Local => "local",
        _ => "unknown",
    };

    private static BcdDevice ReadDescriptor(ReadOnlySpan<byte> descriptor, int depth)
    {
        if (descriptor.Length < Layout.Header + 4 || depth > 4)
        {
            return new BcdDevice();
        }

        return U32(descriptor, Layout.Type) switch
        {
            0 => ReadLocal(descriptor, depth),
            3 or 4 => new BcdDevice { Kind = BcdDeviceKind.Network },
            5 => new BcdDevice { Kind = BcdDeviceKind.Boot },
            6 => ReadPartition(descriptor),
            8 => new BcdDevice { Kind = BcdDeviceKind.Locate, Path = LastText(descriptor) },
            _ => new BcdDevice(),
        };
    }

    private static BcdDevice ReadPartition(ReadOnlySpan<byte> descriptor)
    {
        if (descriptor.Length < Layout.Disk + 16)
        {
            return new BcdDevice();
        }

        if (U32(descriptor, Layout.ParentType) == 6)
        {
            return new BcdDevice { Kind = BcdDeviceKind.VirtualDisk, Path = LastText(descriptor) };
        }

        return (U32(descriptor, Layout.ParentType), U32(descriptor, Layout.Scheme)) switch
        {
            (0, 0) => new BcdDevice
            {
                Kind = BcdDeviceKind.GptPartition,
                PartitionId = new Guid(descriptor.Slice(Layout.Partition, 16)),
                DiskId = new Guid(descriptor.Slice(Layout.Disk, 16)),
            },
            (0, 1) => new BcdDevice
            {
                Kind = BcdDeviceKind.MbrPartition,
                PartitionOffset = BinaryPrimitives.ReadInt64LittleEndian(descriptor[Layout.Partition..]),
                DiskSignature = U32(descriptor, Layout.Disk),
            },
            _ => new BcdDevice(),
        };
    }

    private static BcdDevice ReadLocal(ReadOnlySpan<byte> descriptor, int depth)
    {
        var kind = U32(descriptor, Layout.LocalType) switch
        {
            3 => BcdDeviceKind.Ramdisk,
            5 => BcdDeviceKind.File,
            6 => BcdDeviceKind.VirtualDisk,
            _ => BcdDeviceKind.Local,
        };
        if (kind == BcdDeviceKind.Local || descriptor.Length < Layout.RamdiskPath + Layout.PathDevice + Layout.Header)
        {
            return new BcdDevice { Kind = kind };
        }

        if (kind != BcdDeviceKind.Ramdisk)
        {
            return new BcdDevice { Kind = kind, Path = LastText(descriptor) };
        }

        var file = descriptor[Layout.RamdiskPath..];
        var length = Math.Min(U32(file, Layout.PathLength), (uint)file.Length);
        if (length < Layout.PathDevice + Layout.Header)
        {
            return new BcdDevice { Kind = kind, Path = LastText(descriptor) };
        }

        var device = file[Layout.PathDevice..(int)length];
        var deviceLength = (int)Math.Min(U32(device, Layout.Size), (uint)device.Length);
        return new BcdDevice
        {
            Kind = kind,
            Parent = ReadDescriptor(device[..deviceLength], depth + 1),
            Path = ValueText.Decode(device[deviceLength..])
        };
    }

    /// <summary>The text at the end of a descriptor whose inner layout varies: from its last backslash-led run on.</summary>
    private static string? LastText(ReadOnlySpan<byte> descriptor)
    {
        for (var i = Layout.Header; i + 4 <= descriptor.Length; i += 2)
        {
            if (descriptor[i] == '\\' && descriptor[i + 1] == 0 && descriptor[i + 2] >= ' ' && descriptor[i + 3] == 0)
            {
                return ValueText.Decode(descriptor[i..]);
            }
        }

        return null;
    }
}
