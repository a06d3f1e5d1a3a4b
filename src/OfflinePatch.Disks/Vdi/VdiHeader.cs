using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vdi;

/// <summary>A view of a VDI header that has been checked.</summary>
internal readonly ref struct VdiHeader
{
    private readonly ReadOnlySpan<byte> _bytes;

    private VdiHeader(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Checks a header sector.</summary>
    /// <param name="bytes">The first <see cref="VdiLayout.HeaderBytes"/> bytes of the file.</param>
    /// <param name="fileLength">Bytes of the file.</param>
    public static VdiHeader Create(ReadOnlySpan<byte> bytes, long fileLength)
    {
        if (bytes.Length < VdiLayout.HeaderBytes)
        {
            throw VdiError.Truncated(fileLength);
        }

        var header = new VdiHeader(bytes);
        if (header.Number(VdiLayout.Signature) != VdiLayout.SignatureValue)
        {
            throw VdiError.NotAVdi(header.Number(VdiLayout.Signature));
        }

        var version = header.Number(VdiLayout.Version);
        if (version != VdiLayout.VersionValue)
        {
            throw VdiError.Version(version);
        }

        CheckFeatures(header);
        CheckSizes(header, fileLength);
        return header;
    }

    /// <summary>Image type.</summary>
    public uint ImageType => Number(VdiLayout.ImageType);

    /// <summary>Byte offset of the map.</summary>
    public uint MapOffset => Number(VdiLayout.MapOffset);

    /// <summary>Byte offset of the first block.</summary>
    public uint DataOffset => Number(VdiLayout.DataOffset);

    /// <summary>Bytes of the disk.</summary>
    public long DiskSize => (long)BinaryPrimitives.ReadUInt64LittleEndian(_bytes[VdiLayout.DiskSize..]);

    /// <summary>Bytes of a block.</summary>
    public int BlockSize => (int)Number(VdiLayout.BlockSize);

    /// <summary>Entries of the map that the disk needs.</summary>
    public int BlockCount => (int)Number(VdiLayout.BlockCount);

    /// <summary>Blocks that the header says are stored.</summary>
    public uint BlocksAllocated => Number(VdiLayout.BlocksAllocated);

    /// <summary>An identity field.</summary>
    public Guid Id(int offset) => new(_bytes.Slice(offset, 16));

    private uint Number(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[offset..]);

    private static void CheckFeatures(VdiHeader header)
    {
        if (header.ImageType is < VdiLayout.TypeDynamic or > VdiLayout.TypeDifferencing)
        {
            throw VdiError.ImageType(header.ImageType);
        }

        if (header.Number(VdiLayout.BlockExtra) != 0)
        {
            throw VdiError.ExtraBytes(header.Number(VdiLayout.BlockExtra));
        }

        if (header.Number(VdiLayout.SectorSize) is not (0 or 512))
        {
            throw VdiError.SectorSize(header.Number(VdiLayout.SectorSize));
        }
    }

    private static void CheckSizes(VdiHeader header, long fileLength)
    {
        var blockSize = header.Number(VdiLayout.BlockSize);
        if (blockSize is < VdiLayout.MinBlock or > VdiLayout.MaxBlock || !System.Numerics.BitOperations.IsPow2(blockSize))
        {
            throw VdiError.BlockSize(blockSize);
        }

        var size = BinaryPrimitives.ReadUInt64LittleEndian(header._bytes[VdiLayout.DiskSize..]);
        var blocks = header.Number(VdiLayout.BlockCount);
        if (size == 0 || size > VdiLayout.MaxBytes || blocks > VdiLayout.MaxBlocks || size > (ulong)blocks * blockSize)
        {
            throw VdiError.DiskSize(size, blocks, blockSize);
        }

        if (header.MapOffset < VdiLayout.HeaderBytes || header.MapOffset > fileLength - ((long)blocks * sizeof(uint)))
        {
            throw VdiError.MapOutsideFile(header.MapOffset, blocks, fileLength);
        }

        if (header.DataOffset < header.MapOffset + ((long)blocks * sizeof(uint)))
        {
            throw VdiError.DataOffset(header.DataOffset, header.MapOffset);
        }
    }
}
