using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Qcow2;

/// <summary>
/// The reference counts of host clusters, and the allocation of new ones. A two-level table: the refcount table holds the host offsets of
/// refcount blocks, each one cluster of counts of 2^refcount_order bits. A missing block means that its clusters are free.
/// </summary>
internal sealed class Qcow2Refcounts
{
    private readonly ResizableDevice _file;
    private readonly Qcow2Header _header;
    private readonly TableCache _blocks;
    private readonly int _clusterBits;
    private readonly int _blockBits; // log2 of the counts in a block
    private ulong[] _table;
    private long _firstFree; // no cluster before it is free

    /// <param name="file">The image file.</param>
    /// <param name="header">Its header; the refcount table's place is changed when it grows.</param>
    /// <param name="blocks">Cache of clusters of the file.</param>
    public Qcow2Refcounts(ResizableDevice file, Qcow2Header header, TableCache blocks)
    {
        _file = file;
        _header = header;
        _blocks = blocks;
        _clusterBits = header.ClusterBits;
        _blockBits = header.ClusterBits + 3 - header.RefcountOrder;
        _table = Qcow2Tables.Read(file, header.RefcountTableOffset, header.RefcountTableClusters << (header.ClusterBits - 3));
    }

    /// <summary>The largest count that fits.</summary>
    public ulong Most => _header.RefcountOrder == 6 ? ulong.MaxValue : (1UL << (1 << _header.RefcountOrder)) - 1;

    /// <summary>Counts in one block.</summary>
    public long PerBlock => 1L << _blockBits;

    /// <summary>Entries of the refcount table.</summary>
    public int BlockCount => _table.Length;

    /// <summary>The checked host offset of a block; 0: there is none.</summary>
    /// <exception cref="CorruptImageException"><c>QCOW2-0013</c>.</exception>
    public long BlockOffset(long index)
    {
        if (index >= _table.Length)
        {
            return 0;
        }

        return IsPlausible(_table[index])
            ? (long)(_table[index] & Qcow2Layout.OffsetMask)
            : throw Qcow2Error.RefcountTable(index, _table[index], $"a cluster inside the file of {_file.Length} bytes");
    }

    /// <summary>The host offset of a block; 0: there is none, or the entry cannot be one.</summary>
    public long TryBlockOffset(long index) => IsPlausible(_table[index]) ? (long)(_table[index] & Qcow2Layout.OffsetMask) : 0;

    /// <summary>Drops references to blocks that cannot be one, or that count nothing in the file (before the counts are rebuilt).</summary>
    public void DropImplausibleBlocks()
    {
        var seen = new HashSet<ulong>();
        var end = ((_file.Length - 1) >> _clusterBits >> _blockBits) + 1;
        for (var i = 0; i < _table.Length; i++)
        {
            var offset = _table[i] & Qcow2Layout.OffsetMask;
            if (offset != 0 && (i >= end || !IsPlausible(_table[i]) || !seen.Add(offset)))
            {
                SetBlock(i, 0);
            }
        }
    }

    /// <summary>Makes the cluster at a host offset the block of an index, or none.</summary>
    public void SetBlock(long index, long offset)
    {
        _table[index] = (ulong)offset;
        Qcow2Tables.Write(_file, _header.RefcountTableOffset, index, (ulong)offset);
    }

    /// <summary>The count of a cluster.</summary>
    public ulong Get(long cluster)
    {
        var offset = BlockOffset(cluster >> _blockBits);
        return offset == 0 ? 0 : Count(_blocks.Get(offset), cluster & (PerBlock - 1));
    }

    /// <summary>Sets the count of a cluster whose block exists.</summary>
    public void Set(long cluster, ulong count)
    {
        var offset = BlockOffset(cluster >> _blockBits);
        var index = cluster & (PerBlock - 1);
        var bits = 1 << _header.RefcountOrder;
        var within = (int)(index * bits / 8);
        Span<byte> bytes = stackalloc byte[8];
        switch (bits)
        {
            case < 8:
                var shift = (int)(index * bits % 8);
                var mask = (1 << bits) - 1;
                var old = _blocks.Get(offset)[within];
                bytes[0] = (byte)((old & ~(mask << shift)) | ((int)count << shift));
                _blocks.Change(offset, within, bytes[..1]);
                return;
            case 8:
                bytes[0] = (byte)count;
                break;
            case 16:
                BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)count);
                break;
            case 32:
                BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)count);
                break;
            default:
                BinaryPrimitives.WriteUInt64BigEndian(bytes, count);
                break;
        }

        _blocks.Change(offset, within, bytes[..(bits / 8)]);
    }

    /// <summary>Takes a free cluster: its count becomes 1, the file reaches to its end at least. Its old content is still there.</summary>
    /// <returns>The host offset.</returns>
    public long Allocate()
    {
        for (var cluster = _firstFree; ; cluster++)
        {
            var index = cluster >> _blockBits;
            if (index >= _table.Length)
            {
                GrowTable();
            }

            if (BlockOffset(index) == 0)
            {
                CreateBlock(index);
            }

            var block = _blocks.Get(BlockOffset(index));
            var end = (index + 1) << _blockBits;
            while (cluster < end && Count(block, cluster & (PerBlock - 1)) != 0)
            {
                cluster++;
            }

            if (cluster < end)
            {
                Set(cluster, 1);
                _firstFree = cluster + 1;
                _file.EnsureLength((cluster + 1) << _clusterBits);
                return cluster << _clusterBits;
            }

            cluster--;
        }
    }

    /// <summary>Takes free clusters that follow each other, at the end of the file; their count becomes 1.</summary>
    /// <returns>The host offset of the first one.</returns>
    public long AllocateRun(long count)
    {
        var start = (_file.Length + _header.ClusterSize - 1) >> _clusterBits;
        for (var cluster = start; cluster < start + count; cluster++)
        {
            var index = cluster >> _blockBits;
            if (index >= _table.Length)
            {
                GrowTable();
            }

            if (BlockOffset(index) == 0)
            {
                CreateBlock(index);
            }

            if (Get(cluster) != 0)
            {
                start = cluster + 1; // a table or a block of the counts was put here
            }
        }

        for (var cluster = start; cluster < start + count; cluster++)
        {
            Set(cluster, 1);
        }

        _file.EnsureLength((start + count) << _clusterBits);
        return start << _clusterBits;
    }

    /// <summary>Drops one reference to the clusters that hold a range of the file.</summary>
    public void Release(long offset, long length)
    {
        var last = (offset + length - 1) >> _clusterBits;
        for (var cluster = offset >> _clusterBits; cluster <= last; cluster++)
        {
            var count = Get(cluster);
            if (count == 0)
            {
                throw Qcow2Error.RefcountTooLow(cluster, _header.ClusterSize, 0, 1);
            }

            Set(cluster, count - 1);
            if (count == 1)
            {
                _blocks.Forget(cluster << _clusterBits);
                _firstFree = Math.Min(_firstFree, cluster);
            }
        }
    }

    /// <summary>Moves the table to another place, and makes it longer. The caller accounts for the clusters of both.</summary>
    public void MoveTable(long offset, int clusters)
    {
        Array.Resize(ref _table, clusters << (_clusterBits - 3));
        _file.EnsureLength(offset + ((long)clusters << _clusterBits));
        Qcow2Tables.WriteAll(_file, offset, _table, (long)clusters << _clusterBits);
        _header.RefcountTableOffset = offset;
        _header.RefcountTableClusters = clusters;
        Span<byte> fields = stackalloc byte[12];
        BinaryPrimitives.WriteUInt64BigEndian(fields, (ulong)offset);
        BinaryPrimitives.WriteUInt32BigEndian(fields[8..], (uint)clusters);
        _file.Write(Qcow2Layout.Header.RefcountTableOffset, fields);
    }

    /// <summary>Clusters of a table that reaches <paramref name="blocks"/> blocks and has room for as many again.</summary>
    public int TableClustersFor(long blocks)
    {
        var perCluster = 1L << (_clusterBits - 3);
        var needed = (blocks + perCluster - 1) / perCluster;
        var most = Qcow2Layout.MaxRefcountTableBytes >> _clusterBits;
        return needed > most ? throw Qcow2Error.RefcountTableFull() : (int)Math.Min(most, needed + (needed / 2));
    }

    private bool IsPlausible(ulong entry)
    {
        var offset = (long)(entry & Qcow2Layout.OffsetMask);
        return offset == 0 || ((offset & (_header.ClusterSize - 1)) == 0 && offset <= _file.Length - _header.ClusterSize);
    }

    private ulong Count(ReadOnlySpan<byte> block, long index)
    {
        var bits = 1 << _header.RefcountOrder;
        var within = (int)(index * bits / 8);
        return bits switch
        {
            < 8 => (ulong)(block[within] >> (int)(index * bits % 8)) & ((1UL << bits) - 1),
            8 => block[within],
            16 => BinaryPrimitives.ReadUInt16BigEndian(block[within..]),
            32 => BinaryPrimitives.ReadUInt32BigEndian(block[within..]),
            _ => BinaryPrimitives.ReadUInt64BigEndian(block[within..]),
        };
    }

    /// <summary>All clusters of a range without a block are free: the block takes the first of them, and counts itself.</summary>
    private void CreateBlock(long index)
    {
        var cluster = index << _blockBits;
        var offset = cluster << _clusterBits;
        _blocks.Store(offset, new byte[_header.ClusterSize]);
        SetBlock(index, offset);
        Set(cluster, 1);
    }

    /// <summary>
    /// The clusters past the table's reach are free: a longer table is put there, and after it the blocks that count it and themselves.
    /// </summary>
    private void GrowTable()
    {
        var oldOffset = _header.RefcountTableOffset;
        var oldClusters = _header.RefcountTableClusters;
        long firstBlock = _table.Length;
        var start = firstBlock << _blockBits;
        long blocks = 0;
        int clusters;
        long needed = 1;
        do
        {
            blocks = needed;
            clusters = TableClustersFor(firstBlock + blocks + 1);
            needed = (clusters + blocks + PerBlock - 1) >> _blockBits;
        }
        while (needed > blocks);

        MoveTable(start << _clusterBits, clusters);
        for (long i = 0; i < blocks; i++)
        {
            var offset = (start + clusters + i) << _clusterBits;
            _blocks.Store(offset, new byte[_header.ClusterSize]);
            SetBlock(firstBlock + i, offset);
        }

        for (var cluster = start; cluster < start + clusters + blocks; cluster++)
        {
            Set(cluster, 1);
        }

        Release(oldOffset, (long)oldClusters << _clusterBits);
    }
}
