using System.Buffers.Binary;
using OfflinePatch.Core;
using static OfflinePatch.Core.Binary.LittleEndian;

namespace OfflinePatch.FileSystems.Udf;

/// <summary>
/// What lies below the files of a UDF volume: descriptors with their checks, partitions, and the mapping from a logical block to a byte.
/// </summary>
internal sealed class UdfVolume
{
    private const int SequenceLimit = 256; // descriptors of one volume; discs have about 6
    private const int PartitionMapLimit = 64;

    private readonly BlockDevice _device;
    private readonly List<(long Offset, long Blocks)> _partitions = [];

    private UdfVolume(BlockDevice device, int sectorSize, ReadOnlySpan<byte> anchor)
    {
        _device = device;
        SectorSize = sectorSize;
        byte[] volume;
        Dictionary<ushort, (uint Sequence, uint Start, uint Length)> partitions;
        try
        {
            (volume, partitions) = ReadSequence(anchor[UdfLayout.Anchor.Main..]);
        }
        catch (CorruptImageException)
        {
            (volume, partitions) = ReadSequence(anchor[UdfLayout.Anchor.Reserve..]);
        }

        BlockSize = (int)Math.Min(int.MaxValue, U32(volume, UdfLayout.LogicalVolume.BlockSize));
        if (BlockSize != sectorSize)
        {
            throw UdfError.BadField("UDF logical volume descriptor", UdfLayout.LogicalVolume.BlockSize, $"blocks of {sectorSize} bytes",
                $"{BlockSize}");
        }

        ReadMaps(volume, partitions);
        Label = UdfText.DecodeFixed(volume.AsSpan(UdfLayout.LogicalVolume.Identifier, 128));
        FileSet = UdfAddress.ReadLong(volume.AsSpan(UdfLayout.LogicalVolume.FileSet));
    }

    public int SectorSize { get; }

    public int BlockSize { get; }

    public string Label { get; }

    public UdfAddress FileSet { get; }

    /// <summary>
    /// Whether the volume recognition sequence says NSR02 (ECMA-167 2nd edition, UDF up to 1.50) or NSR03 (UDF 2.00 and later).
    /// </summary>
    public static bool Probe(BlockDevice device)
    {
        Span<byte> identifier = stackalloc byte[5];
        for (var i = 0; i < 64; i++)
        {
            var offset = 0x8000 + (i * 2048L);
            if (offset > device.Length - 2048)
            {
                return false;
            }

            device.Read(offset + 1, identifier);
            if (identifier.SequenceEqual("NSR02"u8) || identifier.SequenceEqual("NSR03"u8))
            {
                return true;
            }

            // Structures of 4,096 bytes leave a gap between two descriptors.
            if (!identifier.SequenceEqual("CD001"u8) && !identifier.SequenceEqual("BEA01"u8) && !identifier.SequenceEqual("BOOT2"u8)
                && !identifier.SequenceEqual("\0\0\0\0\0"u8))
            {
                return false;
            }
        }

        return false;
    }

    public static UdfVolume Open(BlockDevice device)
    {
        foreach (var size in (ReadOnlySpan<int>)[2048, 512, 4096, 1024])
        {
            var sectors = device.Length / size;
            foreach (var sector in (ReadOnlySpan<long>)[256, sectors - 1, sectors - 257])
            {
                if (sector < 16 || sector >= sectors)
                {
                    continue;
                }

                var bytes = new byte[size];
                device.Read(sector * size, bytes);
                if (FindFault(bytes, UdfLayout.Tag.Anchor) is null && U32(bytes, UdfLayout.Tag.Location) == sector)
                {
                    return new UdfVolume(device, size, bytes);
                }
            }
        }

        throw UdfError.NoAnchor();
    }

    /// <summary>
    /// The byte of a logical block, which must lie with <paramref name="length"/> bytes inside its partition and the disc.
    /// </summary>
    public long OffsetOf(UdfAddress address, long length, string structure)
    {
        if (address.Partition >= _partitions.Count)
        {
            throw UdfError.BadField(structure, -1, $"one of {_partitions.Count} partitions", $"{address.Partition}");
        }

        var (start, blocks) = _partitions[address.Partition];
        var offset = start + ((long)address.Block * BlockSize);
        if (address.Block >= blocks || length > (blocks - address.Block) * BlockSize || offset > _device.Length
            || length > _device.Length - offset)
        {
            throw UdfError.OutsideDisc(structure, address.Block, $"a partition of {blocks} blocks, and a disc of {_device.Length} bytes");
        }

        return offset;
    }

    /// <summary>Reads one block, and checks its tag.</summary>
    public byte[] ReadDescriptor(UdfAddress address, string structure, out ushort identifier, params ReadOnlySpan<ushort> expected)
    {
        var offset = OffsetOf(address, BlockSize, structure);
        var bytes = new byte[BlockSize];
        _device.Read(offset, bytes);
        identifier = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        if (!expected.Contains(identifier))
        {
            throw UdfError.BadTag(structure, offset, $"tag {string.Join(" or ", expected.ToArray())}", $"{identifier}");
        }

        if (FindFault(bytes, identifier) is { } fault)
        {
            throw UdfError.BadTag(structure, offset, "a tag with the right checksums", fault);
        }

        return bytes;
    }

    /// <summary>What is wrong with the tag at the start of <paramref name="bytes"/>, or null.</summary>
    public static string? FindFault(ReadOnlySpan<byte> bytes, ushort identifier)
    {
        if (bytes.Length < UdfLayout.Tag.Size || BinaryPrimitives.ReadUInt16LittleEndian(bytes) != identifier)
        {
            return "another tag";
        }

        var sum = 0;
        for (var i = 0; i < UdfLayout.Tag.Size; i++)
        {
            sum += i == UdfLayout.Tag.Checksum ? 0 : bytes[i];
        }

        if ((sum & 0xFF) != bytes[UdfLayout.Tag.Checksum])
        {
            return $"tag checksum 0x{bytes[UdfLayout.Tag.Checksum]:X2}, computed 0x{sum & 0xFF:X2}";
        }

        int length = BinaryPrimitives.ReadUInt16LittleEndian(bytes[UdfLayout.Tag.CrcLength..]);
        if (length > bytes.Length - UdfLayout.Tag.Size)
        {
            return $"a CRC over {length} bytes";
        }

        var stored = BinaryPrimitives.ReadUInt16LittleEndian(bytes[UdfLayout.Tag.CrcValue..]);
        var computed = ComputeCrc(bytes.Slice(UdfLayout.Tag.Size, length));
        return length > 0 && stored != computed ? $"CRC 0x{stored:X4}, computed 0x{computed:X4}" : null;
    }

    /// <summary>CRC-16 of ITU-T V.41: polynomial 0x1021, start 0 (3/7.2.6).</summary>
    internal static ushort ComputeCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = 0;
        foreach (var b in bytes)
        {
            crc ^= b << 8;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000) != 0 ? ((crc << 1) ^ 0x1021) & 0xFFFF : crc << 1;
            }
        }

        return (ushort)crc;
    }

    private (byte[] Volume, Dictionary<ushort, (uint Sequence, uint Start, uint Length)> Partitions) ReadSequence(ReadOnlySpan<byte> extent)
    {
        byte[]? volume = null;
        var partitions = new Dictionary<ushort, (uint Sequence, uint Start, uint Length)>();
        long left = U32(extent, 0) / SectorSize;
        long sector = U32(extent, 4);
        for (var i = 0; i < SequenceLimit && left > 0; i++, left--, sector++)
        {
            var bytes = new byte[SectorSize];
            if ((sector + 1) * SectorSize > _device.Length)
            {
                throw UdfError.OutsideDisc("UDF volume descriptor sequence", sector, $"a disc of {_device.Length} bytes");
            }

            _device.Read(sector * SectorSize, bytes);
            var identifier = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
            if (identifier == UdfLayout.Tag.Terminating || FindFault(bytes, identifier) is not null)
            {
                break;
            }

            var sequence = U32(bytes, UdfLayout.Partition.Sequence);
            switch (identifier)
            {
                case UdfLayout.Tag.Pointer:
                    left = (U32(bytes, UdfLayout.Pointer.Next) / SectorSize) + 1;
                    sector = U32(bytes, UdfLayout.Pointer.Next + 4) - 1L;
                    if (sector < 0)
                    {
                        throw UdfError.NoDescriptor("further");
                    }

                    break;
                case UdfLayout.Tag.LogicalVolume when volume is null || sequence >= U32(volume, UdfLayout.LogicalVolume.Sequence):
                    volume = bytes;
                    break;
                case UdfLayout.Tag.Partition:
                    var number = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(UdfLayout.Partition.Number));
                    if (!partitions.TryGetValue(number, out var present) || sequence >= present.Sequence)
                    {
                        partitions[number] = (sequence, U32(bytes, UdfLayout.Partition.Start), U32(bytes, UdfLayout.Partition.Length));
                    }

                    break;
            }
        }

        return (volume ?? throw UdfError.NoDescriptor("logical volume"), partitions);
    }

    private void ReadMaps(byte[] volume, Dictionary<ushort, (uint Sequence, uint Start, uint Length)> partitions)
    {
        var tableLength = U32(volume, UdfLayout.LogicalVolume.MapTableLength);
        var count = U32(volume, UdfLayout.LogicalVolume.MapCount);
        if (count is 0 or > PartitionMapLimit || tableLength > volume.Length - UdfLayout.LogicalVolume.Maps)
        {
            throw UdfError.BadField("UDF logical volume descriptor", UdfLayout.LogicalVolume.MapCount,
                $"1 to {PartitionMapLimit} partition maps", $"{count} in {tableLength} bytes");
        }

        var maps = volume.AsSpan(UdfLayout.LogicalVolume.Maps, (int)tableLength);
        for (var i = 0; i < count; i++)
        {
            if (maps.Length < 6 || maps[1] < 6 || maps[1] > maps.Length)
            {
                throw UdfError.BadField("UDF partition map", UdfLayout.LogicalVolume.Maps, "a map inside its table",
                    $"{maps.Length} bytes left");
            }

            if (maps[0] != 1)
            {
                var kind = maps[1] >= 0x24 ? UdfText.Ascii(maps.Slice(5, 23)) : $"type {maps[0]}";
                throw UdfError.PartitionKind(kind.Trim('*', '\0'));
            }

            var number = BinaryPrimitives.ReadUInt16LittleEndian(maps[4..]);
            if (!partitions.TryGetValue(number, out var partition))
            {
                throw UdfError.NoDescriptor($"partition {number}");
            }

            _partitions.Add(((long)partition.Start * SectorSize, partition.Length));
            maps = maps[maps[1]..];
        }
    }
}
