using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Writing;

namespace OfflinePatch.Disks.Qcow2;

/// <summary>
/// Writes a version 3 image with clusters of 64 KiB and 16-bit reference counts. The file grows from start to end: header, data with each
/// L2 table after the data it maps, then the L1 table, refcount blocks and refcount table; the header comes last.
/// </summary>
internal sealed class Qcow2Writer : DiskWriter
{
    private const int ClusterBits = 16;
    private const int ClusterSize = 1 << ClusterBits;
    private const int L2Entries = ClusterSize / 8;
    private const long L2Coverage = (long)L2Entries << ClusterBits;
    private const int CountsPerBlock = ClusterSize / 2;
    private const int RefcountOrder = 4;

    private readonly ResizableDevice _output;
    private readonly SequentialOutput _body;
    private readonly PackedOutput _packed;
    private readonly long _size;
    private readonly string? _compression;
    private readonly ulong[] _l1;
    private readonly ulong[] _l2 = new ulong[L2Entries];
    private readonly List<ushort> _counts = [1]; // reference count of each cluster, the header's first
    private long _l2Index = -1;

    public Qcow2Writer(ResizableDevice output, long size, string? compression)
    {
        if (size < 0 || size > L2Coverage * (Qcow2Layout.MaxL1Bytes / 8))
        {
            throw Qcow2Error.TooLarge(size);
        }

        if (compression is not (null or "zlib" or "zstd"))
        {
            throw Qcow2Error.Compression(compression);
        }

        _output = output;
        _body = new SequentialOutput(output, ClusterSize);
        _packed = new PackedOutput(_body, ClusterSize);
        _size = size;
        _compression = compression;
        _l1 = new ulong[(size + L2Coverage - 1) / L2Coverage];
    }

    /// <inheritdoc/>
    public override int UnitSize => ClusterSize;

    /// <inheritdoc/>
    public override bool Encodes => _compression is not null;

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> Encode(long guestOffset, ReadOnlyMemory<byte> unit)
    {
        if (unit.Length < ClusterSize)
        {
            var whole = new byte[ClusterSize];
            unit.CopyTo(whole);
            unit = whole;
        }

        // A cluster that does not shrink by a sector at least is stored as it is: then its length tells the two apart.
        var packed = _compression == "zstd" ? ZstdBlock.Pack(unit.Span, ClusterSize - 512)
            : DeflateBlock.Pack(unit.Span, ClusterSize - 512);
        return packed ?? unit;
    }

    /// <inheritdoc/>
    public override void Append(long guestOffset, ReadOnlyMemory<byte> encoded)
    {
        if (_compression is null || encoded.Length == ClusterSize)
        {
            AppendRun(guestOffset, encoded);
            return;
        }

        BeginL2(guestOffset);
        var position = _packed.Append(encoded.Span);
        Count(position, encoded.Length);
        _l2[(int)((guestOffset >> ClusterBits) % L2Entries)] = CompressedEntry(position, encoded.Length);
    }

    /// <inheritdoc/>
    public override void AppendRun(long guestOffset, ReadOnlyMemory<byte> units)
    {
        while (units.Length > 0)
        {
            BeginL2(guestOffset);
            var part = units[..(int)Math.Min(units.Length, L2Coverage - (guestOffset % L2Coverage))];
            Count(_body.Position, part.Length);
            for (var at = 0; at < part.Length; at += ClusterSize)
            {
                _l2[(int)(((guestOffset + at) >> ClusterBits) % L2Entries)] = (ulong)(_body.Position + at) | Qcow2Layout.Copied;
            }

            _body.Write(part.Span);
            _body.Align(ClusterSize); // the last cluster of the disk may be short
            units = units[part.Length..];
            guestOffset += part.Length;
        }
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        EndL2();
        var l1Offset = _body.Position;
        StoreTable(_l1, (_l1.Length + L2Entries - 1) / L2Entries);

        // The blocks count themselves and the table after them.
        var used = _body.Position >> ClusterBits;
        var blocks = 1L;
        long tableClusters;
        while (true)
        {
            tableClusters = (blocks + L2Entries - 1) / L2Entries;
            var needed = (used + blocks + tableClusters + CountsPerBlock - 1) / CountsPerBlock;
            if (needed <= blocks)
            {
                break;
            }

            blocks = needed;
        }

        var blocksOffset = _body.Position;
        Count(blocksOffset, (blocks + tableClusters) << ClusterBits);
        var table = new ulong[blocks];
        var block = new byte[ClusterSize];
        for (var i = 0; i < blocks; i++)
        {
            block.AsSpan().Clear();
            for (var j = 0; j < CountsPerBlock && ((long)i * CountsPerBlock) + j < _counts.Count; j++)
            {
                BinaryPrimitives.WriteUInt16BigEndian(block.AsSpan(j * 2), _counts[(i * CountsPerBlock) + j]);
            }

            table[i] = (ulong)(blocksOffset + ((long)i << ClusterBits));
            _body.Write(block);
        }

        var tableOffset = _body.Position;
        WriteTable(table, tableClusters);
        _body.Flush();
        WriteHeader(l1Offset, tableOffset, (int)tableClusters);
        _output.Flush();
    }

    private static ulong CompressedEntry(long offset, int length)
    {
        const int x = 62 - (ClusterBits - 8);
        var sectors = (ulong)((offset + length - 1) / 512) - (ulong)(offset / 512);
        return Qcow2Layout.Compressed | (sectors << x) | (ulong)offset;
    }

    private void Count(long offset, long length)
    {
        var last = (int)((offset + length - 1) >> ClusterBits);
        for (var cluster = (int)(offset >> ClusterBits); cluster <= last; cluster++)
        {
            while (_counts.Count <= cluster)
            {
                _counts.Add(0);
            }

            _counts[cluster]++;
        }
    }

    private void BeginL2(long guestOffset)
    {
        var index = guestOffset / L2Coverage;
        if (index != _l2Index)
        {
            EndL2();
            _l2Index = index;
        }
    }

    private void EndL2()
    {
        if (_l2Index < 0 || !_l2.AsSpan().ContainsAnyExcept(0UL))
        {
            return;
        }

        _l1[_l2Index] = (ulong)_body.Position | Qcow2Layout.Copied;
        StoreTable(_l2, 1);
        _l2.AsSpan().Clear();
    }

    private void StoreTable(ReadOnlySpan<ulong> table, long clusters)
    {
        if (clusters > 0) // the L1 table of an empty disk has none
        {
            Count(_body.Position, clusters << ClusterBits);
            WriteTable(table, clusters);
        }
    }

    private void WriteTable(ReadOnlySpan<ulong> table, long clusters)
    {
        var cluster = new byte[ClusterSize];
        for (var i = 0; i < clusters; i++)
        {
            cluster.AsSpan().Clear();
            for (var j = 0; j < L2Entries && (i * L2Entries) + j < table.Length; j++)
            {
                BinaryPrimitives.WriteUInt64BigEndian(cluster.AsSpan(j * 8), table[(i * L2Entries) + j]);
            }

            _body.Write(cluster);
        }
    }

    private void WriteHeader(long l1Offset, long refcountTableOffset, int refcountTableClusters)
    {
        var header = new byte[Qcow2Layout.Header.WrittenBytes + Qcow2Layout.Extension.Bytes];
        Half(Qcow2Layout.Header.Magic, Qcow2Layout.Magic);
        Half(Qcow2Layout.Header.Version, 3);
        Half(Qcow2Layout.Header.ClusterBits, ClusterBits);
        Word(Qcow2Layout.Header.Size, (ulong)_size);
        Half(Qcow2Layout.Header.L1Entries, (uint)_l1.Length);
        Word(Qcow2Layout.Header.L1TableOffset, (ulong)l1Offset);
        Word(Qcow2Layout.Header.RefcountTableOffset, (ulong)refcountTableOffset);
        Half(Qcow2Layout.Header.RefcountTableClusters, (uint)refcountTableClusters);
        Half(Qcow2Layout.Header.RefcountOrder, RefcountOrder);
        Half(Qcow2Layout.Header.HeaderLength, Qcow2Layout.Header.WrittenBytes);
        if (_compression == "zstd")
        {
            Word(Qcow2Layout.Header.Incompatible, Qcow2Layout.IncompatibleCompressionType);
            header[Qcow2Layout.Header.CompressionType] = 1;
        }

        _output.Write(0, header);

        void Half(int offset, uint value) => BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(offset), value);
        void Word(int offset, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(offset), value);
    }
}
