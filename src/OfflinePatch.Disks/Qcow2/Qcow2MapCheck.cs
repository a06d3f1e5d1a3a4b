using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Qcow2;

/// <summary>
/// Checks the active tables once when an image is opened: no table entry may name a cluster that holds metadata, nor one that another entry
/// has. Two entries may share a cluster only as the format allows it: none says COPIED (a count of exactly 1), and the stored count is 2 or
/// more. Whether the stored counts are right otherwise does not matter for reading; <see cref="Qcow2References"/> proves them before the
/// first write.
/// </summary>
internal sealed class Qcow2MapCheck
{
    private readonly BlockDevice _file;
    private readonly Qcow2Header _header;
    private readonly ClusterSet _metadata = new();
    private readonly ClusterSet _data = new();
    private readonly ClusterSet _copied = new();
    private readonly ClusterSet _packedClusters = new();
    private readonly PackedPlaces _packed = new();
    private readonly Qcow2Refcounts? _refcounts;

    private Qcow2MapCheck(BlockDevice file, Qcow2Header header, Qcow2Refcounts? refcounts)
    {
        _file = file;
        _header = header;
        _refcounts = refcounts;
    }

    /// <summary>Checks the image.</summary>
    /// <exception cref="CorruptImageException">
    /// An L1 (<c>QCOW2-0010</c>) or L2 entry (<c>QCOW2-0011</c>, <c>-0024</c>) names metadata, or a place that another entry has.
    /// </exception>
    public static void Run(ResizableDevice file, Qcow2Header header, ReadOnlySpan<ulong> l1)
    {
        // The counts of a dirty image are not maintained: COPIED alone decides.
        var isDirty = (header.Incompatible & Qcow2Layout.IncompatibleDirty) != 0;
        var refcounts = isDirty ? null : new Qcow2Refcounts(file, header, new TableCache(file, header.ClusterSize));
        var check = new Qcow2MapCheck(file, header, refcounts);
        check.AddMetadata(0, 1);
        check.AddMetadata(header.L1Offset, header.L1Size * 8L);
        if (refcounts is not null)
        {
            check.AddMetadata(header.RefcountTableOffset, (long)header.RefcountTableClusters << header.ClusterBits);
            for (var i = 0; i < refcounts.BlockCount; i++)
            {
                check.AddMetadata(refcounts.TryBlockOffset(i), header.ClusterSize);
            }
        }

        check.AddTables(l1);
        check.CheckEntries(l1);
    }

    private void AddMetadata(long offset, long length)
    {
        if (length > 0 && (offset > 0 || length == 1))
        {
            _metadata.TryAdd(offset >> _header.ClusterBits, (length + _header.ClusterSize - 1) >> _header.ClusterBits);
        }
    }

    private void AddTables(ReadOnlySpan<ulong> l1)
    {
        for (var i = 0; i < l1.Length; i++)
        {
            var offset = (long)(l1[i] & Qcow2Layout.OffsetMask);
            if (offset == 0)
            {
                continue;
            }

            if ((offset & (_header.ClusterSize - 1)) != 0 || offset > _file.Length - _header.ClusterSize)
            {
                throw Qcow2Error.L1Entry(i, l1[i], $"a cluster inside the file of {_file.Length} bytes");
            }

            if (!_metadata.TryAdd(offset >> _header.ClusterBits, 1))
            {
                throw Qcow2Error.L1Entry(i, l1[i], "a table with a place of its own");
            }
        }
    }

    private void CheckEntries(ReadOnlySpan<ulong> l1)
    {
        var table = new byte[_header.ClusterSize];
        var coverage = (long)(_header.ClusterSize / _header.L2EntrySize) << _header.ClusterBits;
        for (var i = 0; i < l1.Length && i * coverage < _header.Size; i++)
        {
            var offset = (long)(l1[i] & Qcow2Layout.OffsetMask);
            if (offset == 0)
            {
                continue;
            }

            _file.Read(offset, table);
            var guest = i * coverage;
            for (var position = 0; position < table.Length && guest < _header.Size; position += _header.L2EntrySize,
                guest += _header.ClusterSize)
            {
                var entry = BigEndian.U64(table, position);
                if (entry != 0)
                {
                    CheckEntry(entry, guest);
                }
            }
        }

        if (_packed.FindDuplicate() is { } place)
        {
            throw Qcow2Error.PackedTwice(place);
        }
    }

    private void CheckEntry(ulong entry, long guest)
    {
        if ((entry & Qcow2Layout.Compressed) != 0)
        {
            var place = Qcow2Tables.CompressedRange(entry, _header.ClusterBits).Offset;
            var host = place >> _header.ClusterBits;
            if (_metadata.Contains(host) || _data.Contains(host))
            {
                throw Qcow2Error.L2Entry(guest, entry, "a compressed cluster with a place of its own");
            }

            _packedClusters.TryAdd(host, 1);
            if (_packed.Add(place) is { } twice)
            {
                throw Qcow2Error.PackedTwice(twice);
            }

            return;
        }

        var offset = (long)(entry & Qcow2Layout.OffsetMask);
        if (offset == 0 || _header.HasDataFile)
        {
            return; // in a data file every cluster has the place of its guest offset, which is checked when it is read
        }

        var cluster = offset >> _header.ClusterBits;
        if (_metadata.Contains(cluster) || _packedClusters.Contains(cluster))
        {
            throw Qcow2Error.L2Entry(guest, entry, "a cluster that holds no table and no compressed data");
        }

        var isCopied = (entry & Qcow2Layout.Copied) != 0;
        if (!_data.TryAdd(cluster, 1) && (isCopied || _copied.Contains(cluster) || _refcounts is null || _refcounts.Get(cluster) < 2))
        {
            throw Qcow2Error.L2Entry(guest, entry, "a cluster that no other entry has, as its COPIED bit and its reference count say");
        }

        if (isCopied)
        {
            _copied.TryAdd(cluster, 1);
        }
    }
}
