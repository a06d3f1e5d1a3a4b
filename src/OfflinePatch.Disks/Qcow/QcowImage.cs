using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Qcow;

/// <summary>A QCOW image: two levels of tables without reference counts; new clusters and tables go to the end of the file.</summary>
internal sealed class QcowImage : TwoLevelImage
{
    private readonly ResizableDevice _file;
    private readonly QcowHeader _header;
    private readonly TableCache _tables;
    private readonly ulong[] _l1;
    private readonly int _clusterSize;
    private byte[]? _cluster;

    public QcowImage(ResizableDevice file, QcowHeader header, DiskImage? backing)
        : base(header.ClusterSize)
    {
        _file = file;
        _header = header;
        _clusterSize = header.ClusterSize;
        _tables = new TableCache(file, header.L2Bytes);
        Parent = backing;
        _l1 = new ulong[header.L1Size];
        Span<byte> buffer = stackalloc byte[512];
        for (var i = 0; i < _l1.Length;)
        {
            var part = buffer[..Math.Min(512, (_l1.Length - i) * 8)];
            file.Read(header.L1Offset + (i * 8L), part);
            for (; part.Length > 0; part = part[8..])
            {
                _l1[i++] = BinaryPrimitives.ReadUInt64BigEndian(part);
            }
        }

        CheckMap();
    }

    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Qcow;

    /// <inheritdoc/>
    public override string Subformat => "";

    /// <inheritdoc/>
    public override long Length => _header.Size;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Properties
    {
        get
        {
            var properties = new Dictionary<string,
                string>(StringComparer.Ordinal)
            { ["clusterSize"] = _clusterSize.ToString(CultureInfo.InvariantCulture) };
            if (_header.BackingFile is { } backing)
            {
                properties["backingFile"] = backing;
            }

            return properties;
        }
    }

    /// <inheritdoc/>
    protected override ResizableDevice StoredFile => _file;

    /// <inheritdoc/>
    protected override int CoverageBits => _header.ClusterBits + _header.L2Bits;

    /// <inheritdoc/>
    protected override byte[]? TableOf(long index) => L2Offset(index) is var offset and not 0 ? _tables.Get(offset) : null;

    private int EntryPosition(long offset) => (int)((offset >> _header.ClusterBits) & ((1L << _header.L2Bits) - 1)) * 8;

    private long L2Offset(long l1Index)
    {
        var entry = _l1[l1Index];
        return entry == 0 || (entry <= (ulong)_file.Length && (long)entry <= _file.Length - _header.L2Bytes)
            ? (long)entry
            : throw QcowError.TableEntry("L1", l1Index << CoverageBits, entry, $"a table inside the file of {_file.Length} bytes");
    }

    /// <inheritdoc/>
    protected override DiskRun MapInCluster(ReadOnlySpan<byte> table, long offset)
    {
        var entry = BinaryPrimitives.ReadUInt64BigEndian(table[EntryPosition(offset)..]);
        var within = offset & (_clusterSize - 1);
        var length = _clusterSize - within;
        if (entry == 0)
        {
            return new DiskRun(Unallocated, length);
        }

        return (entry & QcowLayout.Compressed) != 0
            ? new DiskRun(RunKind.Compressed, length, (long)(entry & ~QcowLayout.Compressed))
            : new DiskRun(RunKind.Stored, length, HostOffset(entry, offset) + within);
    }

    private long HostOffset(ulong entry, long guestOffset) =>
        entry < (ulong)_file.Length ? (long)entry
            : throw QcowError.TableEntry("L2", guestOffset, entry, $"a cluster inside the file of {_file.Length} bytes");

    /// <summary>
    /// A compressed entry, without bit 63: the packed length in cluster_bits bits from the top, the host offset (of any alignment) below.
    /// </summary>
    protected override void Unpack(ulong entry, long guestOffset, Span<byte> cluster)
    {
        var shift = 63 - _header.ClusterBits;
        var length = (int)(entry >> shift) & (_clusterSize - 1);
        var host = (long)(entry & ((1UL << shift) - 1));
        if (host > _file.Length - length)
        {
            throw QcowError.TableEntry("L2", guestOffset, entry, "a compressed cluster inside the file");
        }

        var packed = ArrayPool<byte>.Shared.Rent(Math.Max(1, length));
        try
        {
            _file.Read(host, packed.AsSpan(0, length));
            if (!DeflateBlock.TryUnpack(packed, length, cluster))
            {
                throw QcowError.CompressedCluster(guestOffset & ~(_clusterSize - 1L), host);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(packed);
        }
    }

    /// <inheritdoc/>
    protected override void WriteInUnit(long offset, ReadOnlySpan<byte> content)
    {
        var cluster = _cluster ??= new byte[_clusterSize];
        var l1Index = offset >> CoverageBits;
        var l2Offset = L2Offset(l1Index);
        if (l2Offset == 0)
        {
            l2Offset = EndOfFile();
            _tables.Store(l2Offset, new byte[_header.L2Bytes]);
            _l1[l1Index] = (ulong)l2Offset;
            Span<byte> l1Entry = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(l1Entry, (ulong)l2Offset);
            _file.Write(_header.L1Offset + (l1Index * 8), l1Entry);
        }

        var entry = BinaryPrimitives.ReadUInt64BigEndian(_tables.Get(l2Offset).AsSpan(EntryPosition(offset)));
        if (entry != 0 && (entry & QcowLayout.Compressed) == 0)
        {
            var place = HostOffset(entry, offset) + (offset & (_clusterSize - 1));
            _file.EnsureLength(place + content.Length);
            _file.Write(place, content);
            return;
        }

        var start = offset & ~(_clusterSize - 1L);
        var valid = (int)Math.Min(_clusterSize, Length - start);
        Read(start, cluster.AsSpan(0, valid));
        cluster.AsSpan(valid).Clear();
        content.CopyTo(cluster.AsSpan((int)(offset - start)));
        var host = EndOfFile();
        _file.EnsureLength(host + _clusterSize);
        _file.Write(host, cluster);
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (ulong)host);
        _tables.Change(l2Offset, EntryPosition(offset), bytes);
    }

    private long EndOfFile()
    {
        var end = (_file.Length + _clusterSize - 1) & ~(_clusterSize - 1L);
        return end < 1L << 62 ? end : throw QcowError.Full();
    }

    /// <summary>
    /// Refuses a map that puts two clusters in one place, or a cluster onto a table: reading such an image would give one part of the disk
    /// the content of another.
    /// </summary>
    private void CheckMap()
    {
        var used = new ClusterSet();
        used.TryAdd(0, ((_header.L1Offset + (_header.L1Size * 8L) - 1) >> _header.ClusterBits) + 1);
        var packed = new PackedPlaces();
        for (var i = 0; i < _l1.Length; i++)
        {
            var l2Offset = L2Offset(i);
            if (l2Offset == 0)
            {
                continue;
            }

            Use(used, "L1", (long)i << CoverageBits, l2Offset, _header.L2Bytes);
            var table = _tables.Get(l2Offset);
            for (var j = 0; j < table.Length; j += 8)
            {
                var entry = BigEndian.U64(table, j);
                var guest = ((long)i << CoverageBits) + ((long)(j / 8) << _header.ClusterBits);
                if (entry == 0 || guest >= Length)
                {
                    continue;
                }

                if ((entry & QcowLayout.Compressed) == 0)
                {
                    Use(used, "L2", guest, HostOffset(entry, guest), _clusterSize);
                }
                else if (packed.Add((long)(entry & ((1UL << (63 - _header.ClusterBits)) - 1))) is not null)
                {
                    throw QcowError.TableEntry("L2", guest, entry, "a compressed cluster with a place of its own");
                }
            }
        }

        if (packed.FindDuplicate() is { } place)
        {
            throw QcowError.TableEntry("L2", 0, QcowLayout.Compressed | (ulong)place, "a compressed cluster with a place of its own");
        }
    }

    private void Use(ClusterSet used, string table, long guest, long offset, long length)
    {
        if ((offset & (_clusterSize - 1)) != 0
            || !used.TryAdd(offset >> _header.ClusterBits, (length + _clusterSize - 1) >> _header.ClusterBits))
        {
            throw QcowError.TableEntry(table, guest, (ulong)offset, "a cluster of its own, at a multiple of the cluster size");
        }
    }
}
