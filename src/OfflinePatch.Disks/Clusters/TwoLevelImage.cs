using OfflinePatch.Core;

namespace OfflinePatch.Disks.Clusters;

/// <summary>
/// A container whose first table names tables of clusters, some of which may be compressed (QCOW, QCOW2). A format says where a table and a
/// cluster are; the walk along the clusters and the compressed one that was read last are the same.
/// </summary>
internal abstract class TwoLevelImage(int clusterSize) : MappedImage
{
    private readonly Lock _unpackLock = new();
    private byte[]? _unpacked;
    private ulong _unpackedEntry;

    /// <summary>What a cluster without an entry reads as.</summary>
    protected RunKind Unallocated => Parent is null ? RunKind.Zero : RunKind.Parent;

    /// <summary>Log2 of the guest bytes that one table covers.</summary>
    protected abstract int CoverageBits { get; }

    /// <summary>The table of a part of the disk, or null where there is none.</summary>
    /// <exception cref="CorruptImageException">It is not inside the file.</exception>
    protected abstract byte[]? TableOf(long index);

    /// <summary>The run from <paramref name="offset"/> to the end of its cluster, or of a part of it.</summary>
    /// <exception cref="CorruptImageException">The entry contradicts the format, or points outside the file.</exception>
    protected abstract DiskRun MapInCluster(ReadOnlySpan<byte> table, long offset);

    /// <summary>Unpacks the compressed cluster of an entry.</summary>
    /// <exception cref="CorruptImageException">It cannot be unpacked.</exception>
    protected abstract void Unpack(ulong entry, long guestOffset, Span<byte> cluster);

    /// <inheritdoc/>
    protected sealed override int UnitSize => clusterSize;

    /// <inheritdoc/>
    protected sealed override DiskRun MapInUnit(long offset, long limit)
    {
        var index = offset >> CoverageBits;
        return TableOf(index) is { } table ? MapInCluster(table, offset) : new DiskRun(Unallocated, ((index + 1) << CoverageBits) - offset);
    }

    /// <inheritdoc/>
    protected override int ReadCompressed(DiskRun run, long offset, Span<byte> buffer)
    {
        var entry = (ulong)run.Position;
        var part = buffer[..(int)run.Length];
        lock (_unpackLock)
        {
            if (_unpacked is null || _unpackedEntry != entry)
            {
                _unpacked ??= new byte[clusterSize];
                _unpackedEntry = ulong.MaxValue; // no entry: bit 63 is never kept
                Unpack(entry, offset, _unpacked);
                _unpackedEntry = entry;
            }

            _unpacked.AsSpan((int)(offset & (clusterSize - 1)), part.Length).CopyTo(part);
        }

        return part.Length;
    }
}
