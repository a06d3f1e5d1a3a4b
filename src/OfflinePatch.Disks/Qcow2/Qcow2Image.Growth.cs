using OfflinePatch.Core;

namespace OfflinePatch.Disks.Qcow2;

/// <summary>
/// The disk grows by entries of the L1 table. Where its clusters have no room for them, a longer table is put where clusters are free.
/// </summary>
internal sealed partial class Qcow2Image
{
    /// <inheritdoc/>
    public override string? WhyNotGrow =>
        Parent is not null ? "The QCOW2 image has a backing file, whose content could show in the new part."
        : _header is { Version: 2, SnapshotCount: > 0 } ? "The snapshots of a version 2 QCOW2 image do not hold the size of their disk."
        : null;

    /// <inheritdoc/>
    protected override long GrowTo(long length)
    {
        var coverage = 1L << CoverageBits;
        var entries = (length + coverage - 1) / coverage;
        if (entries > Qcow2Layout.MaxL1Bytes / 8)
        {
            throw Qcow2Error.GrowthSize(length);
        }

        var refcounts = _refcounts ??= Prepare();
        if (entries > _l1.Length)
        {
            MoveL1((int)entries, refcounts);
        }

        if (_header.HasDataFile)
        {
            _dataFile.EnsureLength(length);
        }

        _header.Size = length;
        WriteWord(Qcow2Layout.Header.Size, (ulong)length);
        return length;
    }

    private void MoveL1(int entries, Qcow2Refcounts refcounts)
    {
        var oldOffset = _header.L1Offset;
        var oldBytes = _header.L1Size * 8L;
        var clusters = ((entries * 8L) + _clusterSize - 1) >> _clusterBits;
        var offset = refcounts.AllocateRun(clusters);
        Array.Resize(ref _l1, entries);
        Qcow2Tables.WriteAll(_file, offset, _l1, clusters << _clusterBits);
        Span<byte> fields = stackalloc byte[12]; // l1_size and l1_table_offset are neighbours
        BigEndian.PutU32(fields, 0, (uint)entries);
        BigEndian.PutU64(fields, 4, (ulong)offset);
        _file.Write(Qcow2Layout.Header.L1Entries, fields);
        _header.L1Size = entries;
        _header.L1Offset = offset;
        if (oldBytes > 0)
        {
            refcounts.Release(oldOffset, oldBytes);
        }
    }
}
