using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Writing;

namespace OfflinePatch.Disks.Vdi;

/// <summary>Writes a dynamic VDI as VirtualBox lays it out: header, map and blocks each at a multiple of 1 MiB.</summary>
internal sealed class VdiWriter : DiskWriter
{
    private const int HeaderSize = 400;

    private readonly ResizableDevice _output;
    private readonly SequentialOutput _blocks;
    private readonly long _size;
    private readonly uint[] _map;
    private readonly uint _dataOffset;
    private readonly ImageIdentity _identity;
    private uint _stored;

    public VdiWriter(ResizableDevice output, long virtualSize, ImageIdentity? identity)
    {
        if (virtualSize is <= 0 or > VdiLayout.MaxBytes)
        {
            throw VdiError.TooLarge(virtualSize);
        }

        _output = output;
        _identity = identity ?? ImageIdentity.Random;
        _size = (virtualSize + 511) / 512 * 512;
        _map = new uint[(_size + VdiLayout.DefaultBlock - 1) / VdiLayout.DefaultBlock];
        _map.AsSpan().Fill(VdiLayout.EntryFree);
        var mapBytes = (long)_map.Length * sizeof(uint);
        _dataOffset =
            (uint)(VdiLayout.DefaultBlock + ((mapBytes + VdiLayout.DefaultBlock - 1) / VdiLayout.DefaultBlock * VdiLayout.DefaultBlock));
        _blocks = new SequentialOutput(output, _dataOffset);
        output.EnsureLength(_dataOffset);
    }

    /// <inheritdoc/>
    public override int UnitSize => VdiLayout.DefaultBlock;

    /// <inheritdoc/>
    public override void Append(long guestOffset, ReadOnlyMemory<byte> encoded)
    {
        _map[guestOffset / VdiLayout.DefaultBlock] = _stored++;
        _blocks.Write(encoded.Span);
        _blocks.Align(VdiLayout.DefaultBlock); // the last block of the disk may be short
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        _blocks.Flush();
        var map = new byte[_map.Length * sizeof(uint)];
        for (var i = 0; i < _map.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(map.AsSpan(i * sizeof(uint)), _map[i]);
        }

        _output.Write(VdiLayout.DefaultBlock, map);
        _output.Write(0, Header());
        _output.Flush();
    }

    private byte[] Header()
    {
        var header = new byte[VdiLayout.HeaderBytes];
        "<<< Oracle VM VirtualBox Disk Image >>>\n"u8.CopyTo(header);
        Put(VdiLayout.Signature, VdiLayout.SignatureValue);
        Put(VdiLayout.Version, VdiLayout.VersionValue);
        Put(VdiLayout.HeaderSize, HeaderSize);
        Put(VdiLayout.ImageType, VdiLayout.TypeDynamic);
        Put(VdiLayout.MapOffset, VdiLayout.DefaultBlock);
        Put(VdiLayout.DataOffset, _dataOffset);
        Put(VdiLayout.SectorSize, 512);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(VdiLayout.DiskSize), (ulong)_size);
        Put(VdiLayout.BlockSize, VdiLayout.DefaultBlock);
        Put(VdiLayout.BlockCount, (uint)_map.Length);
        Put(VdiLayout.BlocksAllocated, _stored);
        _identity.NextGuid().TryWriteBytes(header.AsSpan(VdiLayout.ImageId));
        _identity.NextGuid().TryWriteBytes(header.AsSpan(VdiLayout.ModifiedId));
        Put(VdiLayout.Geometry + 12, 512);
        return header;

        void Put(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(offset), value);
    }
}
