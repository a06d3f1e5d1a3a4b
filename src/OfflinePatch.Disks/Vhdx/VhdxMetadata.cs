using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vhdx;

/// <summary>What the metadata region says of the disk.</summary>
internal sealed class VhdxMetadata
{
    private long _sizeOffset; // where the file holds the size

    private VhdxMetadata()
    {
    }

    /// <summary>Bytes of a payload block: a power of two, 1 to 256 MiB.</summary>
    public int BlockSize { get; private set; }

    /// <summary>Whether the image is fixed: blocks stay allocated.</summary>
    public bool IsFixed { get; private set; }

    /// <summary>Whether the image is differencing.</summary>
    public bool HasParent { get; private set; }

    /// <summary>Bytes of the disk.</summary>
    public long Size { get; private set; }

    /// <summary>512 or 4096.</summary>
    public int SectorSize { get; private set; }

    /// <summary>The id of the disk (SCSI page 83).</summary>
    public Guid DiskId { get; private set; }

    /// <summary>Keys and values of the parent locator.</summary>
    public Dictionary<string, string> ParentLocator { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Payload blocks whose sectors fill one sector bitmap block; an entry for that block follows so many payload entries in the BAT.
    /// </summary>
    public int ChunkRatio => (int)((long)VhdxLayout.SectorsPerBitmap * SectorSize / BlockSize);

    /// <summary>Payload blocks.</summary>
    public long Blocks => ((Size - 1) / BlockSize) + 1;

    /// <summary>Entries of the BAT.</summary>
    public long BatEntries => HasParent ? (((Blocks - 1) / ChunkRatio) + 1) * (ChunkRatio + 1) : Blocks + ((Blocks - 1) / ChunkRatio);

    /// <summary>Reads the region.</summary>
    /// <exception cref="CorruptImageException"><c>VHDX-0007</c>.</exception>
    /// <exception cref="UnsupportedImageException"><c>VHDX-0006</c>.</exception>
    public static VhdxMetadata Read(BlockDevice file, VhdxRegions regions)
    {
        var table = new byte[VhdxLayout.MetadataTable.Bytes];
        file.Read(regions.MetadataOffset, table);
        if (!table.AsSpan().StartsWith(VhdxLayout.MetadataSignature))
        {
            throw VhdxError.Metadata("signature", "metadata", Convert.ToHexString(table.AsSpan(0, 8)));
        }

        var count = BinaryPrimitives.ReadUInt16LittleEndian(table.AsSpan(VhdxLayout.MetadataTable.Count));
        if (count > VhdxLayout.MaxMetadataEntries - 1)
        {
            throw VhdxError.Metadata("table", "at most 2046 entries", $"{count}");
        }

        var metadata = new VhdxMetadata();
        for (var i = 0; i < count; i++)
        {
            metadata.Take(file, regions,
                table.AsSpan(VhdxLayout.MetadataTable.Entries + (i * VhdxLayout.MetadataEntry.Bytes), VhdxLayout.MetadataEntry.Bytes));
        }

        metadata.Check();
        return metadata;
    }

    /// <summary>Sets the size, here and in the file.</summary>
    public void SetSize(BlockDevice file, long size)
    {
        Span<byte> bytes = stackalloc byte[8];
        LittleEndian.PutU64(bytes, 0, (ulong)size);
        file.Write(_sizeOffset, bytes);
        Size = size;
    }

    private void Take(BlockDevice file, VhdxRegions regions, ReadOnlySpan<byte> entry)
    {
        var id = new Guid(entry[..16]);
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(entry[VhdxLayout.MetadataEntry.Flags..]);
        var isKnown = id == VhdxLayout.FileParameters || id == VhdxLayout.VirtualDiskSize || id == VhdxLayout.VirtualDiskId
            || id == VhdxLayout.LogicalSectorSize
            || id == VhdxLayout.PhysicalSectorSize || id == VhdxLayout.ParentLocator;
        if (!isKnown || (flags & VhdxLayout.MetadataIsUser) != 0)
        {
            if ((flags & VhdxLayout.MetadataIsRequired) != 0)
            {
                throw VhdxError.MetadataItem(id);
            }

            return;
        }

        var offset = BinaryPrimitives.ReadUInt32LittleEndian(entry[VhdxLayout.MetadataEntry.ItemOffset..]);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(entry[VhdxLayout.MetadataEntry.ItemLength..]);
        if (length > VhdxLayout.MaxItemLength || (length > 0 && offset < VhdxLayout.MetadataTable.Bytes) || offset > regions.MetadataLength
            || length > regions.MetadataLength - offset)
        {
            throw VhdxError.Metadata($"item {id}", "a place inside the region", $"{length} bytes at 0x{offset:X}");
        }

        var item = new byte[length];
        file.Read(regions.MetadataOffset + offset, item);
        if (id == VhdxLayout.VirtualDiskSize)
        {
            _sizeOffset = regions.MetadataOffset + offset;
        }

        TakeItem(id, item);
    }

    private void TakeItem(Guid id, byte[] item)
    {
        if (id == VhdxLayout.FileParameters)
        {
            var blockSize = U32(item, 0);
            if (!BitOperations.IsPow2(blockSize) || blockSize is < VhdxLayout.MinBlockSize or > VhdxLayout.MaxBlockSize)
            {
                throw VhdxError.Metadata("block size", "a power of two from 1 MiB to 256 MiB", $"{blockSize}");
            }

            BlockSize = (int)blockSize;
            IsFixed = (U32(item, 4) & VhdxLayout.ParametersLeaveAllocated) != 0;
            HasParent = (U32(item, 4) & VhdxLayout.ParametersHasParent) != 0;
        }
        else if (id == VhdxLayout.VirtualDiskSize)
        {
            Part(item, 0, 8);
            var size = BinaryPrimitives.ReadUInt64LittleEndian(item);
            Size = size is > 0 and <= (ulong)VhdxLayout.MaxSize ? (long)size
                : throw VhdxError.Metadata("virtual disk size", "1 sector to 64 TiB", $"{size}");
        }
        else if (id == VhdxLayout.LogicalSectorSize)
        {
            var size = U32(item, 0);
            SectorSize = size is 512 or 4096 ? (int)size : throw VhdxError.Metadata("logical sector size", "512 or 4096", $"{size}");
        }
        else if (id == VhdxLayout.VirtualDiskId)
        {
            DiskId = new Guid(Part(item, 0, 16));
        }
        else if (id == VhdxLayout.ParentLocator)
        {
            TakeLocator(item);
        }
    }

    private void TakeLocator(byte[] item)
    {
        if (new Guid(Part(item, 0, 16)) != VhdxLayout.LocatorTypeVhdx)
        {
            throw VhdxError.Metadata("parent locator", $"the type {VhdxLayout.LocatorTypeVhdx}", $"{new Guid(Part(item, 0, 16))}");
        }

        var count = BinaryPrimitives.ReadUInt16LittleEndian(Part(item, VhdxLayout.Locator.Count, 2));
        for (var i = 0; i < count; i++)
        {
            var entry = Part(item, VhdxLayout.Locator.Entries + (i * VhdxLayout.Locator.EntryBytes), VhdxLayout.Locator.EntryBytes);
            var key = Text(item, U32(entry, 0), BinaryPrimitives.ReadUInt16LittleEndian(entry[8..]));
            ParentLocator[key] = Text(item, U32(entry, 4), BinaryPrimitives.ReadUInt16LittleEndian(entry[10..]));
        }
    }

    private void Check()
    {
        if (BlockSize == 0 || Size == 0 || SectorSize == 0)
        {
            throw VhdxError.Metadata(BlockSize == 0 ? "file parameters" : Size == 0 ? "virtual disk size" : "logical sector size",
                "the item", "none");
        }

        if (Size % SectorSize != 0)
        {
            throw VhdxError.Metadata("virtual disk size", $"a multiple of {SectorSize}", $"{Size}");
        }

        if (HasParent && ParentLocator.Count == 0)
        {
            throw VhdxError.Metadata("parent locator", "the item, as the image has a parent", "none");
        }
    }

    private static ReadOnlySpan<byte> Part(ReadOnlySpan<byte> item, long offset, int length) =>
        offset <= item.Length - length ? item.Slice((int)offset, length)
            : throw VhdxError.Metadata("item", $"{offset + length} bytes", $"{item.Length}");

    private static uint U32(ReadOnlySpan<byte> item, int offset) => LittleEndian.U32(Part(item, offset, 4), 0);

    private static string Text(ReadOnlySpan<byte> item, uint offset, int length) => Encoding.Unicode.GetString(Part(item, offset, length));
}
