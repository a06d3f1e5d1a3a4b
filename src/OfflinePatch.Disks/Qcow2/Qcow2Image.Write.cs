using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Qcow2;

/// <summary>
/// Writing in place. A cluster is changed where it lies only if its reference count is exactly 1; else it is copied first.
/// </summary>
internal sealed partial class Qcow2Image
{
    private Qcow2Refcounts? _refcounts; // not null once the image is prepared for writing
    private byte[] _cluster = [];

    /// <inheritdoc/>
    public override void Flush()
    {
        _file.Flush();
        if (!ReferenceEquals(_file, _dataFile))
        {
            _dataFile.Flush();
        }
    }

    /// <inheritdoc/>
    protected override void WriteInUnit(long offset, ReadOnlySpan<byte> content)
    {
        var refcounts = _refcounts ??= Prepare();
        var l2Offset = L2ForWriting(offset >> (_clusterBits + _l2Bits), refcounts);
        var table = _tables.Get(l2Offset);
        var entry = EntryAt(table, offset);
        var isCompressed = (entry & Qcow2Layout.Compressed) != 0;
        if (!isCompressed && IsAllocated(entry) && IsOurs(HostOffset(entry, offset), entry, offset, refcounts))
        {
            WriteInPlace(l2Offset, table, entry, offset, content);
            return;
        }

        // Compose the whole cluster from what is read there now, then put it somewhere else.
        var start = offset & ~(long)(_clusterSize - 1);
        if (_cluster.Length == 0)
        {
            _cluster = new byte[_clusterSize];
        }

        var valid = (int)Math.Min(_clusterSize, Length - start);
        if (content.Length < valid)
        {
            Read(start, _cluster.AsSpan(0, valid));
        }

        _cluster.AsSpan(valid).Clear();
        content.CopyTo(_cluster.AsSpan((int)(offset - start)));
        long host;
        if (_header.HasDataFile)
        {
            host = start;
            _dataFile.EnsureLength(start + valid);
            _dataFile.Write(start, _cluster.AsSpan(0, valid));
        }
        else
        {
            host = refcounts.Allocate();
            _tables.Forget(host);
            _file.Write(host, _cluster);
        }

        SetEntry(l2Offset, offset, (ulong)host | Qcow2Layout.Copied, uint.MaxValue);
        if (isCompressed)
        {
            var (packed, length) = Qcow2Tables.CompressedRange(entry, _clusterBits);
            refcounts.Release(packed, length);
        }
        else if (!_header.HasDataFile && IsAllocated(entry))
        {
            refcounts.Release((long)(entry & Qcow2Layout.OffsetMask), _clusterSize);
        }
    }

    /// <summary>Whether a data cluster belongs to this place in the active table alone.</summary>
    private bool IsOurs(long host, ulong entry, long guestOffset, Qcow2Refcounts refcounts)
    {
        if (_header.HasDataFile)
        {
            return true;
        }

        var count = refcounts.Get(host >> _clusterBits);
        if (count == 0 || (count != 1 && (entry & Qcow2Layout.Copied) != 0))
        {
            throw Qcow2Error.L2Entry(guestOffset, entry, $"a cluster whose reference count, {count}, agrees with the entry's COPIED bit");
        }

        return count == 1;
    }

    private void WriteInPlace(long l2Offset, byte[] table, ulong entry, long offset, ReadOnlySpan<byte> content)
    {
        var host = (long)(entry & Qcow2Layout.OffsetMask);
        var start = offset & ~(long)(_clusterSize - 1);
        var within = (int)(offset - start);

        // What must be written besides the content: the rest of each unit (cluster or subcluster) that is not stored yet.
        var from = within;
        var to = within + content.Length;
        var bitmap = 0UL;
        if (_header.HasExtendedL2)
        {
            bitmap = BinaryPrimitives.ReadUInt64BigEndian(table.AsSpan(EntryPosition(offset) + 8));
            var subclusterBits = _clusterBits - 5;
            var first = from >> subclusterBits;
            var last = (to - 1) >> subclusterBits;
            from = (bitmap >> first & 1) != 0 ? from : first << subclusterBits;
            to = (bitmap >> last & 1) != 0 ? to : (last + 1) << subclusterBits;
            var touched = (uint)(((1UL << (last - first + 1)) - 1) << first);
            bitmap = (bitmap | touched) & ~((ulong)touched << 32);
        }
        else if ((entry & Qcow2Layout.ZeroFlag) != 0)
        {
            from = 0;
            to = _clusterSize;
        }

        Fill(host, start, from, within);
        _dataFile.EnsureLength(host + within + content.Length);
        _dataFile.Write(host + within, content);
        Fill(host, start, within + content.Length, to);
        SetEntry(l2Offset, offset, (entry & ~Qcow2Layout.ZeroFlag) | Qcow2Layout.Copied, bitmap);
    }

    /// <summary>Stores what is read now between two places of a cluster, at its host cluster.</summary>
    private void Fill(long host, long start, int from, int to)
    {
        if (_header.HasDataFile)
        {
            to = (int)Math.Min(to, Length - start); // nothing lies after the end of the disk in a data file
        }

        if (from >= to)
        {
            return;
        }

        var length = to - from;
        var valid = (int)Math.Clamp(Length - start - from, 0, length);
        if (_cluster.Length == 0)
        {
            _cluster = new byte[_clusterSize];
        }

        var part = _cluster.AsSpan(0, length);
        Read(start + from, part[..valid]);
        part[valid..].Clear();
        _dataFile.EnsureLength(host + to);
        _dataFile.Write(host + from, part);
    }

    private void SetEntry(long l2Offset, long offset, ulong entry, ulong bitmap)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, entry);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], bitmap);
        bytes = bytes[.._entrySize];
        var position = EntryPosition(offset);
        if (!_tables.Get(l2Offset).AsSpan(position, _entrySize).SequenceEqual(bytes))
        {
            _tables.Change(l2Offset, position, bytes);
        }
    }

    /// <summary>
    /// The host offset of an L2 table that may be changed: a new one where there is none, a copy where a snapshot shares it.
    /// </summary>
    private long L2ForWriting(long l1Index, Qcow2Refcounts refcounts)
    {
        var old = L2Offset(l1Index);
        var count = old == 0 ? 0 : refcounts.Get(old >> _clusterBits);
        if (old != 0 && count == 1)
        {
            SetL1(l1Index, (ulong)old | Qcow2Layout.Copied);
            return old;
        }

        if (old != 0 && (count == 0 || (_l1[l1Index] & Qcow2Layout.Copied) != 0))
        {
            throw Qcow2Error.L1Entry(l1Index, _l1[l1Index], $"a table whose reference count, {count}, agrees with the entry's COPIED bit");
        }

        var content = old == 0 ? new byte[_clusterSize] : _tables.Get(old);
        var copy = refcounts.Allocate();
        _tables.Store(copy, content);
        SetL1(l1Index, (ulong)copy | Qcow2Layout.Copied);
        if (old != 0)
        {
            refcounts.Release(old, _clusterSize);
        }

        return copy;
    }

    private void SetL1(long index, ulong entry)
    {
        if (_l1[index] != entry)
        {
            _l1[index] = entry;
            Qcow2Tables.Write(_file, _header.L1Offset, index, entry);
        }
    }

    /// <summary>
    /// Makes the image fit for writing: counts all references, rebuilds the stored counts where the image is dirty, refuses it where a
    /// stored count is too low (a new cluster could then overwrite data), marks bitmaps as out of date, clears the autoclear bits that are
    /// not known.
    /// </summary>
    private Qcow2Refcounts Prepare()
    {
        var refcounts = new Qcow2Refcounts(_file, _header, _tables);
        var isDirty = (_header.Incompatible & Qcow2Layout.IncompatibleDirty) != 0;
        if (isDirty)
        {
            refcounts.DropImplausibleBlocks();
        }

        var references = Qcow2References.Count(_file, _header, _l1, refcounts);
        if (isDirty)
        {
            Qcow2Rebuild.Run(_file, _header, refcounts, references);
            _header.Incompatible &= ~Qcow2Layout.IncompatibleDirty;
            WriteWord(Qcow2Layout.Header.Incompatible, _header.Incompatible);
        }
        else
        {
            foreach (var cluster in references.Referenced())
            {
                var stored = refcounts.Get(cluster);
                if (stored < references[cluster])
                {
                    throw Qcow2Error.RefcountTooLow(cluster, _clusterSize, stored, references[cluster]);
                }
            }
        }

        if (Qcow2Bitmaps.AreConsistent(_header))
        {
            Qcow2Bitmaps.MarkInUse(_file, _header);
        }

        if ((_header.Autoclear & ~Qcow2Layout.AutoclearKnown) != 0)
        {
            _header.Autoclear &= Qcow2Layout.AutoclearKnown;
            WriteWord(Qcow2Layout.Header.Autoclear, _header.Autoclear);
        }

        return refcounts;
    }

    private void WriteWord(int offset, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        _file.Write(offset, bytes);
    }
}
