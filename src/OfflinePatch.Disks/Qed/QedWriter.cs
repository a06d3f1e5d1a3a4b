using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Writing;

namespace OfflinePatch.Disks.Qed;

/// <summary>
/// Writes a QED image with clusters of 64 KiB and tables of 4 clusters: header, L1 table, then data with each L2 table after the data it
/// maps.
/// </summary>
internal sealed class QedWriter : DiskWriter
{
    private const int ClusterSize = 64 * 1024;
    private const int TableClusters = 4;
    private const int TableBytes = TableClusters * ClusterSize;
    private const int TableEntries = TableBytes / 8;
    private const long L2Coverage = (long)TableEntries * ClusterSize;
    private const long MaxSize = L2Coverage * TableEntries;

    private readonly ResizableDevice _output;
    private readonly SequentialOutput _body;
    private readonly long _size;
    private readonly byte[] _l1 = new byte[TableBytes];
    private readonly byte[] _l2 = new byte[TableBytes];
    private long _l2Index = -1;

    /// <exception cref="UnsupportedImageException"><c>QED-0004</c>.</exception>
    public QedWriter(ResizableDevice output, long size)
    {
        if (size < 0 || size % 512 != 0 || size > MaxSize)
        {
            throw QedError.WriteSize(size);
        }

        _output = output;
        _size = size;
        output.SetLength(ClusterSize + TableBytes);
        _body = new SequentialOutput(output, ClusterSize + TableBytes);
    }

    /// <inheritdoc/>
    public override int UnitSize => ClusterSize;

    /// <inheritdoc/>
    public override void Append(long guestOffset, ReadOnlyMemory<byte> encoded)
    {
        var l2Index = guestOffset / L2Coverage;
        if (l2Index != _l2Index)
        {
            EndL2();
            _l2Index = l2Index;
        }

        BinaryPrimitives.WriteInt64LittleEndian(_l2.AsSpan((int)(guestOffset % L2Coverage / ClusterSize) * 8), _body.Position);
        _body.Write(encoded.Span);
        _body.Align(ClusterSize); // the last cluster of the disk may be short
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        EndL2();
        _body.Flush();
        var header = new byte[QedLayout.HeaderLength];
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(QedLayout.MagicOffset), QedLayout.Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(QedLayout.ClusterSizeOffset), ClusterSize);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(QedLayout.TableSizeOffset), TableClusters);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(QedLayout.HeaderSizeOffset), 1);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(QedLayout.L1TableOffset), ClusterSize);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(QedLayout.ImageSizeOffset), _size);
        _output.Write(ClusterSize, _l1);
        _output.Write(0, header);
        _output.Flush();
    }

    private void EndL2()
    {
        if (_l2Index < 0)
        {
            return;
        }

        BinaryPrimitives.WriteInt64LittleEndian(_l1.AsSpan((int)_l2Index * 8), _body.Position);
        _body.Write(_l2);
        _l2.AsSpan().Clear();
    }
}
