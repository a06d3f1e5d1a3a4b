using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vhdx;

/// <summary>Where the BAT and the metadata are.</summary>
/// <param name="BatOffset">Of the BAT, a multiple of 1 MiB; the file holds it whole.</param>
/// <param name="BatLength">Bytes of the BAT.</param>
/// <param name="MetadataOffset">Of the metadata region, likewise.</param>
/// <param name="MetadataLength">Bytes of the metadata region.</param>
internal readonly record struct VhdxRegions(long BatOffset, long BatLength, long MetadataOffset, long MetadataLength)
{
    /// <summary>Reads the region table, or its copy.</summary>
    /// <exception cref="CorruptImageException"><c>VHDX-0003</c>, <c>-0005</c>.</exception>
    /// <exception cref="UnsupportedImageException"><c>VHDX-0004</c>.</exception>
    public static VhdxRegions Read(BlockDevice file)
    {
        var table = TryRead(file, VhdxLayout.RegionTable.Place1) ?? TryRead(file, VhdxLayout.RegionTable.Place2)
            ?? throw VhdxError.NoRegionTable();
        var count = BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(VhdxLayout.RegionTable.Count));
        if (count > VhdxLayout.MaxRegions)
        {
            throw VhdxError.RegionPlace("table of", $"{count} entries");
        }

        (long Offset, long Length) bat = default;
        (long Offset, long Length) metadata = default;
        for (var i = 0; i < count; i++)
        {
            var entry = table.AsSpan(VhdxLayout.RegionTable.Entries + (i * VhdxLayout.Region.Bytes), VhdxLayout.Region.Bytes);
            var id = new Guid(entry[..16]);
            if (id == VhdxLayout.RegionBat)
            {
                bat = Place(file, entry, "BAT");
            }
            else if (id == VhdxLayout.RegionMetadata)
            {
                metadata = Place(file, entry, "metadata");
            }
            else if ((BinaryPrimitives.ReadUInt32LittleEndian(entry[VhdxLayout.Region.Required..]) & 1) != 0)
            {
                throw VhdxError.Region(id);
            }
        }

        if (bat.Offset == 0 || metadata.Offset == 0)
        {
            throw VhdxError.RegionPlace(bat.Offset == 0 ? "BAT" : "metadata", "none");
        }

        return new VhdxRegions(bat.Offset, bat.Length, metadata.Offset, metadata.Length);
    }

    /// <summary>The same regions with the BAT at another place; both region tables are written.</summary>
    public VhdxRegions WithBat(BlockDevice file, long offset, long length)
    {
        var table = TryRead(file, VhdxLayout.RegionTable.Place1) ?? TryRead(file, VhdxLayout.RegionTable.Place2)
            ?? throw VhdxError.NoRegionTable();
        var count = (int)LittleEndian.U32(table, VhdxLayout.RegionTable.Count);
        for (var i = 0; i < count; i++)
        {
            var entry = table.AsSpan(VhdxLayout.RegionTable.Entries + (i * VhdxLayout.Region.Bytes), VhdxLayout.Region.Bytes);
            if (new Guid(entry[..16]) == VhdxLayout.RegionBat)
            {
                LittleEndian.PutU64(entry, VhdxLayout.Region.FileOffset, (ulong)offset);
                LittleEndian.PutU32(entry, VhdxLayout.Region.Length, (uint)length);
            }
        }

        Crc32C.Sign(table);
        file.Write(VhdxLayout.RegionTable.Place1, table);
        file.Write(VhdxLayout.RegionTable.Place2, table);
        return this with { BatOffset = offset, BatLength = length };
    }

    private static byte[]? TryRead(BlockDevice file, long offset)
    {
        if (file.Length < offset + VhdxLayout.RegionTable.Bytes)
        {
            return null;
        }

        var table = new byte[VhdxLayout.RegionTable.Bytes];
        file.Read(offset, table);
        return table.AsSpan().StartsWith(VhdxLayout.RegionSignature) && Crc32C.IsRight(table) ? table : null;
    }

    private static (long Offset, long Length) Place(BlockDevice file, ReadOnlySpan<byte> entry, string name)
    {
        var offset = BinaryPrimitives.ReadUInt64LittleEndian(entry[VhdxLayout.Region.FileOffset..]);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(entry[VhdxLayout.Region.Length..]);
        var isInside = offset >= VhdxLayout.Megabyte && offset % VhdxLayout.Megabyte == 0 && length >= VhdxLayout.Megabyte
            && length % VhdxLayout.Megabyte == 0
            && offset <= (ulong)file.Length && length <= file.Length - (long)offset;
        return isInside ? ((long)offset, length) : throw VhdxError.RegionPlace(name, $"{length} bytes at 0x{offset:X}");
    }
}
