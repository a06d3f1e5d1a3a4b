using System.Buffers.Binary;
using static OfflinePatch.Core.Binary.LittleEndian;

namespace OfflinePatch.Registry.Bcd;

// Elements that name a partition: created, or pointed at another partition in place. Everything else is only read.
public sealed partial record BcdDevice
{
    private const int PartitionSize = 0x48; // bytes of a descriptor of type 6
    private const int PartitionType = 6;
    private const int RamdiskType = 3;

    /// <summary>A partition of a GPT disk.</summary>
    public static BcdDevice OfGpt(Guid disk, Guid partition) =>
        new() { Kind = BcdDeviceKind.GptPartition, DiskId = disk, PartitionId = partition };

    /// <summary>A partition of an MBR disk, by the disk's signature and its own byte offset.</summary>
    public static BcdDevice OfMbr(uint signature, long offset) =>
        new() { Kind = BcdDeviceKind.MbrPartition, DiskSignature = signature, PartitionOffset = offset };

    /// <summary>The element of 88 bytes that Windows writes for a partition.</summary>
    /// <exception cref="InvalidOperationException">It is no partition of a GPT or MBR disk.</exception>
    public byte[] ToElement()
    {
        var element = new byte[Layout.Descriptor + PartitionSize];
        var descriptor = element.AsSpan(Layout.Descriptor);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[Layout.Type..], PartitionType);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[Layout.Size..], PartitionSize);
        SetPartition(descriptor);
        return element;
    }

    /// <summary>
    /// Points the partitions that an element names at others, in place: its length, options and paths stay. Looks at the element's own
    /// partition and at the one that holds the file of a RAM disk.
    /// </summary>
    /// <param name="element">The data of the element.</param>
    /// <param name="choose">Gives the partition to name instead of one that is named, or null to leave it.</param>
    /// <returns>Whether anything was changed.</returns>
    public static bool Retarget(Span<byte> element, Func<BcdDevice, BcdDevice?> choose)
    {
        var isChanged = false;
        foreach (var place in PartitionsIn(element))
        {
            var descriptor = element.Slice(place, PartitionSize);
            var old = ReadPartition(descriptor);
            if (old.Kind is BcdDeviceKind.GptPartition or BcdDeviceKind.MbrPartition && choose(old) is { } chosen && chosen != old)
            {
                chosen.SetPartition(descriptor);
                isChanged = true;
            }
        }

        return isChanged;
    }

    /// <summary>Where the descriptors of partitions begin in an element.</summary>
    private static List<int> PartitionsIn(ReadOnlySpan<byte> element)
    {
        var places = new List<int>();
        if (IsPartitionAt(element, Layout.Descriptor))
        {
            places.Add(Layout.Descriptor);
        }
        else if (element.Length >= Layout.Descriptor + Layout.Header + sizeof(uint)
            && U32(element, Layout.Descriptor + Layout.Type) == 0
            && U32(element, Layout.Descriptor + Layout.LocalType) == RamdiskType
            && IsPartitionAt(element, Layout.Descriptor + Layout.RamdiskPath + Layout.PathDevice))
        {
            places.Add(Layout.Descriptor + Layout.RamdiskPath + Layout.PathDevice);
        }

        return places;
    }

    private static bool IsPartitionAt(ReadOnlySpan<byte> element, int place) =>
        element.Length >= place + PartitionSize
        && U32(element, place + Layout.Type) == PartitionType
        && U32(element, place + Layout.Size) >= PartitionSize
        && U32(element, place + Layout.ParentType) == 0;

    private void SetPartition(Span<byte> descriptor)
    {
        descriptor.Slice(Layout.Partition, 16).Clear();
        descriptor.Slice(Layout.Disk, 16).Clear();
        switch (Kind)
        {
            case BcdDeviceKind.GptPartition:
                PartitionId.TryWriteBytes(descriptor[Layout.Partition..]);
                BinaryPrimitives.WriteUInt32LittleEndian(descriptor[Layout.Scheme..], 0);
                DiskId.TryWriteBytes(descriptor[Layout.Disk..]);
                break;
            case BcdDeviceKind.MbrPartition:
                BinaryPrimitives.WriteInt64LittleEndian(descriptor[Layout.Partition..], PartitionOffset);
                BinaryPrimitives.WriteUInt32LittleEndian(descriptor[Layout.Scheme..], 1);
                BinaryPrimitives.WriteUInt32LittleEndian(descriptor[Layout.Disk..], DiskSignature);
                break;
            default:
                throw new InvalidOperationException($"{Kind} is no partition");
        }
    }
}
