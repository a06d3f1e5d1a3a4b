using System.Buffers.Binary;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Vhdx;

/// <summary>
/// Writes a dynamic VHDX: identifier, headers and region tables in the first MiB, then the log (empty), the metadata, the BAT, and the
/// blocks in the order of the disk, each at a multiple of 1 MiB.
/// </summary>
internal sealed class VhdxWriter : DiskWriter
{
    private const long LogOffset = VhdxLayout.Megabyte;
    private const long MetadataOffset = 2 * VhdxLayout.Megabyte;
    private const long BatOffset = 3 * VhdxLayout.Megabyte;
    private const int SmallBlock = 2 * VhdxLayout.Megabyte;
    private const int LargeBlock = 32 * VhdxLayout.Megabyte; // as Hyper-V's own, where the BAT would pass 16 MiB otherwise
    private const long MaxWithSmallBlocks = 4L * 1024 * 1024 * VhdxLayout.Megabyte;

    private readonly ResizableDevice _output;
    private readonly long _size;
    private readonly int _sectorSize;
    private readonly int _blockSize;
    private readonly int _chunkRatio;
    private readonly byte[] _bat;
    private readonly ImageIdentity _identity;
    private long _end;

    /// <exception cref="UnsupportedImageException"><c>VHDX-0014</c>.</exception>
    public VhdxWriter(ResizableDevice output, long size, int sectorSize, ImageIdentity? identity)
    {
        if (sectorSize is not (512 or 4096) || size <= 0 || size % sectorSize != 0 || size > VhdxLayout.MaxSize)
        {
            throw VhdxError.WriteSize(size);
        }

        _output = output;
        _identity = identity ?? ImageIdentity.Random;
        _size = size;
        _sectorSize = sectorSize;
        _blockSize = size <= MaxWithSmallBlocks ? SmallBlock : LargeBlock;
        _chunkRatio = (int)((long)VhdxLayout.SectorsPerBitmap * sectorSize / _blockSize);
        var blocks = ((size - 1) / _blockSize) + 1;
        var entries = blocks + ((blocks - 1) / _chunkRatio);
        _bat = new byte[((entries * 8) + VhdxLayout.Megabyte - 1) / VhdxLayout.Megabyte * VhdxLayout.Megabyte];
        _end = BatOffset + _bat.Length;
        output.SetLength(_end);
    }

    /// <inheritdoc/>
    public override int UnitSize => _blockSize;

    /// <inheritdoc/>
    public override void Append(long guestOffset, ReadOnlyMemory<byte> encoded)
    {
        var block = guestOffset / _blockSize;
        var index = (int)(block + (block / _chunkRatio));
        BinaryPrimitives.WriteUInt64LittleEndian(_bat.AsSpan(index * 8), (ulong)_end | VhdxLayout.StateFullyPresent);
        _output.EnsureLength(_end + _blockSize);
        _output.WriteSparse(_end, encoded.Span);
        _end += _blockSize;
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        var identifier = new byte[VhdxLayout.Identifier.Creator + VhdxLayout.Identifier.CreatorBytes];
        VhdxLayout.FileSignature.CopyTo(identifier);
        Encoding.Unicode.GetBytes("OfflinePatch", identifier.AsSpan(VhdxLayout.Identifier.Creator));
        _output.Write(0, identifier);
        VhdxHeader.Create(_output, LogOffset, VhdxLayout.Megabyte, _identity);
        WriteRegionTables();
        WriteMetadata();
        _output.Write(BatOffset, _bat);
        _output.Flush();
    }

    private void WriteRegionTables()
    {
        var table = new byte[VhdxLayout.RegionTable.Bytes];
        VhdxLayout.RegionSignature.CopyTo(table);
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(VhdxLayout.RegionTable.Count), 2);
        Region(0, VhdxLayout.RegionBat, BatOffset, _bat.Length);
        Region(1, VhdxLayout.RegionMetadata, MetadataOffset, VhdxLayout.Megabyte);
        Crc32C.Sign(table);
        _output.Write(VhdxLayout.RegionTable.Place1, table);
        _output.Write(VhdxLayout.RegionTable.Place2, table);

        void Region(int number, Guid id, long offset, int length)
        {
            var entry = table.AsSpan(VhdxLayout.RegionTable.Entries + (number * VhdxLayout.Region.Bytes));
            id.TryWriteBytes(entry);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[VhdxLayout.Region.FileOffset..], (ulong)offset);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[VhdxLayout.Region.Length..], (uint)length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[VhdxLayout.Region.Required..], 1);
        }
    }

    private void WriteMetadata()
    {
        var region = new byte[VhdxLayout.MetadataTable.Bytes + 256];
        VhdxLayout.MetadataSignature.CopyTo(region);
        var count = 0;
        var end = VhdxLayout.MetadataTable.Bytes;
        const uint ofDisk = VhdxLayout.MetadataIsVirtualDisk | VhdxLayout.MetadataIsRequired;
        BinaryPrimitives.WriteUInt32LittleEndian(Item(VhdxLayout.FileParameters, 8, VhdxLayout.MetadataIsRequired), (uint)_blockSize);
        BinaryPrimitives.WriteUInt64LittleEndian(Item(VhdxLayout.VirtualDiskSize, 8, ofDisk), (ulong)_size);
        _identity.NextGuid().TryWriteBytes(Item(VhdxLayout.VirtualDiskId, 16, ofDisk));
        BinaryPrimitives.WriteUInt32LittleEndian(Item(VhdxLayout.LogicalSectorSize, 4, ofDisk), (uint)_sectorSize);
        BinaryPrimitives.WriteUInt32LittleEndian(Item(VhdxLayout.PhysicalSectorSize, 4, ofDisk), 4096);
        BinaryPrimitives.WriteUInt16LittleEndian(region.AsSpan(VhdxLayout.MetadataTable.Count), (ushort)count);
        _output.Write(MetadataOffset, region);

        Span<byte> Item(Guid id, int length, uint flags)
        {
            var entry = region.AsSpan(VhdxLayout.MetadataTable.Entries + (count++ * VhdxLayout.MetadataEntry.Bytes));
            id.TryWriteBytes(entry);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[VhdxLayout.MetadataEntry.ItemOffset..], (uint)end);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[VhdxLayout.MetadataEntry.ItemLength..], (uint)length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[VhdxLayout.MetadataEntry.Flags..], flags);
            end += length;
            return region.AsSpan(end - length, length);
        }
    }
}
