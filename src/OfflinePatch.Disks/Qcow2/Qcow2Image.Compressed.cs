using System.Buffers;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Qcow2;

/// <summary>Compressed clusters: a long read unpacks several at once, on all cores.</summary>
internal sealed partial class Qcow2Image
{
    private const int MaxAtOnce = 16;
    private const int MaxBytesAtOnce = 4 * 1024 * 1024;

    /// <inheritdoc/>
    protected override int ReadCompressed(DiskRun run, long offset, Span<byte> buffer)
    {
        var most = Math.Min(Math.Min(MaxAtOnce, MaxBytesAtOnce / _clusterSize), buffer.Length / _clusterSize);
        if (most >= 2 && run.Length == _clusterSize)
        {
            var entries = new List<ulong>(most);
            for (var next = run; next.Kind == RunKind.Compressed
                && next.Length == _clusterSize; next = Map(offset + ((long)entries.Count * _clusterSize), _clusterSize))
            {
                entries.Add((ulong)next.Position);
                if (entries.Count == most)
                {
                    break;
                }
            }

            if (entries.Count >= 2)
            {
                UnpackSeveral(entries, offset, buffer);
                return entries.Count * _clusterSize;
            }
        }

        return base.ReadCompressed(run, offset, buffer);
    }

    /// <inheritdoc/>
    protected override void Unpack(ulong entry, long guestOffset, Span<byte> cluster)
    {
        var packed = ReadPacked(entry, guestOffset);
        var isWhole = TryUnpack(packed, cluster);
        ArrayPool<byte>.Shared.Return(packed.Array!);
        ThrowUnless(isWhole, entry, guestOffset);
    }

    private void UnpackSeveral(List<ulong> entries, long offset, Span<byte> buffer)
    {
        var packed = new ArraySegment<byte>[entries.Count];
        var clusters = new byte[entries.Count][];
        var areWhole = new bool[entries.Count];
        try
        {
            for (var i = 0; i < entries.Count; i++)
            {
                packed[i] = ReadPacked(entries[i], offset + ((long)i * _clusterSize));
                clusters[i] = ArrayPool<byte>.Shared.Rent(_clusterSize);
            }

            Parallel.For(0, entries.Count, i => areWhole[i] = TryUnpack(packed[i], clusters[i].AsSpan(0, _clusterSize)));
            for (var i = 0; i < entries.Count; i++)
            {
                ThrowUnless(areWhole[i], entries[i], offset + ((long)i * _clusterSize));
                clusters[i].AsSpan(0, _clusterSize).CopyTo(buffer[(i * _clusterSize)..]);
            }
        }
        finally
        {
            foreach (var part in packed)
            {
                if (part.Array is not null)
                {
                    ArrayPool<byte>.Shared.Return(part.Array);
                }
            }

            foreach (var cluster in clusters)
            {
                if (cluster is not null)
                {
                    ArrayPool<byte>.Shared.Return(cluster);
                }
            }
        }
    }

    /// <summary>The packed bytes of a cluster, in a rented array.</summary>
    private ArraySegment<byte> ReadPacked(ulong entry, long guestOffset)
    {
        var (host, length) = Qcow2Tables.CompressedRange(entry, _clusterBits);
        if (_header.HasDataFile || host >= _file.Length)
        {
            throw Qcow2Error.L2Entry(guestOffset, entry, "a compressed cluster inside the file");
        }

        length = (int)Math.Min(length, _file.Length - host);
        var packed = ArrayPool<byte>.Shared.Rent(length);
        _file.Read(host, packed.AsSpan(0, length));
        return new ArraySegment<byte>(packed, 0, length);
    }

    private bool TryUnpack(ArraySegment<byte> packed, Span<byte> cluster) => _header.CompressionType == 0
        ? DeflateBlock.TryUnpack(packed.Array!, packed.Count, cluster)
        : ZstdBlock.TryUnpack(packed.Array!, packed.Count, cluster);

    private void ThrowUnless(bool isWhole, ulong entry, long guestOffset)
    {
        if (!isWhole)
        {
            throw Qcow2Error.CompressedCluster(guestOffset & ~(long)(_clusterSize - 1),
                Qcow2Tables.CompressedRange(entry, _clusterBits).Offset);
        }
    }
}
