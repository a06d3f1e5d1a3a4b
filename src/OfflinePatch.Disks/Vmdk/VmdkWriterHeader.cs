using System.Buffers.Binary;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>The header that both writers write.</summary>
internal static class VmdkWriterHeader
{
    /// <summary>Sectors of a grain: 64 KiB, as VMware writes it.</summary>
    public const int GrainSectors = 128;

    /// <summary>Bytes of a grain.</summary>
    public const int GrainBytes = GrainSectors * VmdkLayout.SectorSize;

    /// <summary>First sector of the descriptor.</summary>
    public const int DescriptorSector = 1;

    /// <summary>Sectors kept for the descriptor.</summary>
    public const int DescriptorSectors = 20;

    /// <summary>Guest sectors of a disk; its size is refused where a sparse VMDK cannot address it.</summary>
    public static long SectorsOf(long virtualSize)
    {
        var sectors = (virtualSize + VmdkLayout.SectorSize - 1) / VmdkLayout.SectorSize;
        // Grain table entries are 32-bit sector numbers, and the tables take space too.
        return sectors is > 0 and < uint.MaxValue - (1 << 21) ? sectors : throw VmdkError.TooLargeToWrite(virtualSize);
    }

    /// <summary>A header sector.</summary>
    public static byte[] Create(uint version, uint flags, long sectors, ulong rgdOffset, ulong gdOffset, long overHead, ushort compression)
    {
        var header = new byte[SparseHeader.Layout.Size];
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(SparseHeader.Layout.Magic), VmdkLayout.SparseMagic);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(SparseHeader.Layout.Version), version);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(SparseHeader.Layout.Flags), flags);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(SparseHeader.Layout.Capacity), (ulong)sectors);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(SparseHeader.Layout.GrainSize), GrainSectors);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(SparseHeader.Layout.DescriptorOffset), DescriptorSector);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(SparseHeader.Layout.DescriptorSize), DescriptorSectors);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(SparseHeader.Layout.EntriesPerTable), VmdkLayout.EntriesPerTable);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(SparseHeader.Layout.RgdOffset), rgdOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(SparseHeader.Layout.GdOffset), gdOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(SparseHeader.Layout.OverHead), (ulong)overHead);
        SparseHeader.Layout.NewLineValue.CopyTo(header.AsSpan(SparseHeader.Layout.NewLineCheck));
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(SparseHeader.Layout.CompressAlgorithm), compression);
        return header;
    }

    /// <summary>Sector numbers as they are stored.</summary>
    public static byte[] ToBytes(ReadOnlySpan<uint> entries)
    {
        var bytes = new byte[entries.Length * sizeof(uint)];
        for (var i = 0; i < entries.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * sizeof(uint)), entries[i]);
        }

        return bytes;
    }
}
