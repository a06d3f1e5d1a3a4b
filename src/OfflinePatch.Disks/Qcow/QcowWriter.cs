using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Writing;

namespace OfflinePatch.Disks.Qcow;

/// <summary>
/// Writes a QCOW image with clusters of 64 KiB (the largest that the format has) and L2 tables of 64 KiB: header, L1 table, then data with
/// each L2 table after the data it maps.
/// </summary>
internal sealed class QcowWriter : DiskWriter
{
    private const int ClusterBits = 16;
    private const int ClusterSize = 1 << ClusterBits;
    private const int L2Bits = 13;
    private const int L2Bytes = 8 << L2Bits;
    private const long L2Coverage = 1L << (ClusterBits + L2Bits);
    private const long MaxSize = 16L << 40;

    private readonly ResizableDevice _output;
    private readonly SequentialOutput _body;
    private readonly PackedOutput _packed;
    private readonly long _size;
    private readonly bool _compresses;
    private readonly byte[] _l1;
    private readonly byte[] _l2 = new byte[L2Bytes];
    private long _l2Index = -1;

    /// <exception cref="UnsupportedImageException"><c>QCOW-0005</c>.</exception>
    public QcowWriter(ResizableDevice output, long size, string? compression)
    {
        if (size <= 0 || size % 512 != 0 || size > MaxSize)
        {
            throw QcowError.WriteSize(size);
        }

        if (compression is not (null or "zlib"))
        {
            throw QcowError.Compression(compression);
        }

        _output = output;
        _size = size;
        _compresses = compression is not null;
        _l1 = new byte[(size + L2Coverage - 1) / L2Coverage * 8];
        var start = (QcowLayout.HeaderLength + _l1.Length + ClusterSize - 1L) & ~(ClusterSize - 1L);
        output.SetLength(start);
        _body = new SequentialOutput(output, start);
        _packed = new PackedOutput(_body, ClusterSize);
    }

    /// <inheritdoc/>
    public override int UnitSize => ClusterSize;

    /// <inheritdoc/>
    public override bool Encodes => _compresses;

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> Encode(long guestOffset, ReadOnlyMemory<byte> unit)
    {
        if (unit.Length < ClusterSize)
        {
            var whole = new byte[ClusterSize];
            unit.CopyTo(whole);
            unit = whole;
        }

        return DeflateBlock.Pack(unit.Span, ClusterSize - 512) ?? unit;
    }

    /// <inheritdoc/>
    public override void Append(long guestOffset, ReadOnlyMemory<byte> encoded)
    {
        var l2Index = guestOffset / L2Coverage;
        if (l2Index != _l2Index)
        {
            EndL2();
            _l2Index = l2Index;
        }

        ulong entry;
        if (_compresses && encoded.Length < ClusterSize)
        {
            entry = QcowLayout.Compressed | ((ulong)encoded.Length << (63 - ClusterBits)) | (ulong)_packed.Append(encoded.Span);
        }
        else
        {
            entry = (ulong)_body.Position;
            _body.Write(encoded.Span);
            _body.Align(ClusterSize); // the last cluster of the disk may be short
        }

        BinaryPrimitives.WriteUInt64BigEndian(_l2.AsSpan((int)(guestOffset % L2Coverage >> ClusterBits) * 8), entry);
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        EndL2();
        _body.Flush();
        var header = new byte[QcowLayout.HeaderLength];
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(QcowLayout.MagicOffset), QcowLayout.Magic);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(QcowLayout.VersionOffset), 1);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(QcowLayout.SizeOffset), _size);
        header[QcowLayout.ClusterBitsOffset] = ClusterBits;
        header[QcowLayout.L2BitsOffset] = L2Bits;
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(QcowLayout.L1TableOffset), QcowLayout.HeaderLength);
        _output.Write(QcowLayout.HeaderLength, _l1);
        _output.Write(0, header);
        _output.Flush();
    }

    private void EndL2()
    {
        if (_l2Index < 0)
        {
            return;
        }

        BinaryPrimitives.WriteInt64BigEndian(_l1.AsSpan((int)_l2Index * 8), _body.Position);
        _body.Write(_l2);
        _l2.AsSpan().Clear();
    }
}
