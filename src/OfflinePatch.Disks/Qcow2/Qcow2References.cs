using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Qcow2;

/// <summary>
/// Counts every reference to every host cluster by walking all tables: header, L1 and L2 tables (active, and of each snapshot), data,
/// refcount table and blocks, snapshot table, bitmaps. The stored counts are compared with it before the first write, and it replaces them
/// when the image is dirty.
/// </summary>
internal sealed class Qcow2References
{
    private const int PageBits = 12;

    private readonly BlockDevice _file;
    private readonly Qcow2Header _header;
    private readonly int _clusterBits;
    private readonly int _clusterSize;
    private readonly Dictionary<long, uint[]> _pages = [];
    private readonly Dictionary<long, uint> _l2Tables = []; // host offset -> references by L1 tables
    private long _lastPage = -1;
    private uint[] _lastCounts = [];

    private Qcow2References(BlockDevice file, Qcow2Header header)
    {
        _file = file;
        _header = header;
        _clusterBits = header.ClusterBits;
        _clusterSize = header.ClusterSize;
    }

    /// <summary>One past the last cluster that is referenced.</summary>
    public long End { get; private set; }

    /// <summary>Walks the image.</summary>
    /// <exception cref="CorruptImageException">A table points outside the file.</exception>
    public static Qcow2References Count(BlockDevice file, Qcow2Header header, ReadOnlySpan<ulong> activeL1, Qcow2Refcounts refcounts)
    {
        var references = new Qcow2References(file, header);
        references.Add("header", 0, 1, 1);
        references.Add("L1 table", header.L1Offset, header.L1Size * 8L, 1);
        references.AddL1(activeL1);
        var snapshots = Qcow2Snapshot.Read(file, header, out var snapshotTableLength);
        references.Add("snapshot table", header.SnapshotsOffset, snapshotTableLength, 1);
        foreach (var snapshot in snapshots)
        {
            references.Add("L1 table of a snapshot", snapshot.L1Offset, snapshot.L1Size * 8L, 1);
            references.AddL1(Qcow2Tables.Read(file, snapshot.L1Offset, snapshot.L1Size));
        }

        references.AddL2Tables();
        references.Add("refcount table", header.RefcountTableOffset, (long)header.RefcountTableClusters << header.ClusterBits, 1);
        for (var i = 0; i < refcounts.BlockCount; i++)
        {
            references.Add("refcount block", refcounts.BlockOffset(i), refcounts.BlockOffset(i) == 0 ? 0 : header.ClusterSize, 1);
        }

        if (Qcow2Bitmaps.AreConsistent(header))
        {
            foreach (var (offset, length) in Qcow2Bitmaps.Ranges(file, header))
            {
                references.Add("bitmaps", offset, length, 1);
            }
        }

        return references;
    }

    /// <summary>The references of a cluster.</summary>
    public uint this[long cluster]
    {
        get => Page(cluster, create: false) is { Length: > 0 } page ? page[cluster & ((1 << PageBits) - 1)] : 0;
        set => Page(cluster, create: true)[cluster & ((1 << PageBits) - 1)] = value;
    }

    /// <summary>The clusters with at least one reference, in ascending order.</summary>
    public IEnumerable<long> Referenced()
    {
        foreach (var pageIndex in _pages.Keys.Order())
        {
            var page = _pages[pageIndex];
            for (var i = 0; i < page.Length; i++)
            {
                if (page[i] != 0)
                {
                    yield return (pageIndex << PageBits) + i;
                }
            }
        }
    }

    /// <summary>Adds one reference by something new.</summary>
    public void Take(long cluster)
    {
        this[cluster]++;
        End = Math.Max(End, cluster + 1);
    }

    private uint[] Page(long cluster, bool create)
    {
        var index = cluster >> PageBits;
        if (index == _lastPage)
        {
            return _lastCounts;
        }

        if (!_pages.TryGetValue(index, out var page))
        {
            if (!create)
            {
                return [];
            }

            page = new uint[1 << PageBits];
            _pages.Add(index, page);
        }

        _lastPage = index;
        _lastCounts = page;
        return page;
    }

    private void Add(string what, long offset, long length, uint times)
    {
        if (length == 0)
        {
            return;
        }

        var last = (offset + length - 1) >> _clusterBits;
        if (last << _clusterBits >= _file.Length)
        {
            throw Qcow2Error.OutsideFile(what, offset, length, _file.Length);
        }

        for (var cluster = offset >> _clusterBits; cluster <= last; cluster++)
        {
            this[cluster] = (uint)Math.Min(uint.MaxValue, (ulong)this[cluster] + times);
        }

        End = Math.Max(End, last + 1);
    }

    private void AddL1(ReadOnlySpan<ulong> table)
    {
        for (var i = 0; i < table.Length; i++)
        {
            var offset = (long)(table[i] & Qcow2Layout.OffsetMask);
            if (offset == 0)
            {
                continue;
            }

            if ((offset & (_clusterSize - 1)) != 0 || offset > _file.Length - _clusterSize)
            {
                throw Qcow2Error.L1Entry(i, table[i], $"a cluster inside the file of {_file.Length} bytes");
            }

            _l2Tables[offset] = _l2Tables.GetValueOrDefault(offset) + 1;
        }
    }

    private void AddL2Tables()
    {
        var table = new byte[_clusterSize];
        foreach (var (offset, times) in _l2Tables)
        {
            Add("L2 table", offset, _clusterSize, times);
            _file.Read(offset, table);
            for (var position = 0; position < _clusterSize; position += _header.L2EntrySize)
            {
                AddEntry(BinaryPrimitives.ReadUInt64BigEndian(table.AsSpan(position)), offset + position, times);
            }
        }
    }

    private void AddEntry(ulong entry, long entryOffset, uint times)
    {
        if ((entry & Qcow2Layout.Compressed) != 0)
        {
            var (host, length) = Qcow2Tables.CompressedRange(entry, _clusterBits);
            Add("compressed cluster", host, length, times);
            return;
        }

        var offset = (long)(entry & Qcow2Layout.OffsetMask);
        if (offset == 0 || _header.HasDataFile)
        {
            return;
        }

        if ((offset & (_clusterSize - 1)) != 0)
        {
            throw Qcow2Error.OutsideFile("data cluster that is not aligned, named by an L2 entry", entryOffset, _clusterSize, _file.Length);
        }

        Add("data cluster", offset, _clusterSize, times);
    }
}
