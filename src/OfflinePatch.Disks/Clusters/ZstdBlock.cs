using System.Collections.Concurrent;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace OfflinePatch.Disks.Clusters;

/// <summary>
/// One cluster as a Zstandard frame (RFC 8878), as QCOW2 stores it. Contexts are kept and shared: they are expensive to make.
/// </summary>
internal static class ZstdBlock
{
    /// <summary>
    /// Log2 of the largest window that a frame may ask for: 8 MiB, what RFC 8878 asks every decoder to support; a cluster has 2 MiB at
    /// most.
    /// </summary>
    private const int MaxWindowLog = 23;

    private static readonly ConcurrentBag<Decompressor> Decompressors = [];
    private static readonly ConcurrentBag<Compressor> Compressors = [];
    private static readonly ConcurrentBag<Compressor> Samplers = [];

    /// <summary>
    /// Unpacks until <paramref name="destination"/> is full; bytes after the frame are ignored. False: the frame is damaged or too short.
    /// </summary>
    public static bool TryUnpack(byte[] source, int length, Span<byte> destination)
    {
        if (!Decompressors.TryTake(out var decompressor))
        {
            decompressor = new Decompressor();
            decompressor.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, MaxWindowLog);
        }

        try
        {
            using var packed = new MemoryStream(source, 0, length, writable: false);
            bool whole;
            using (var stream =
                new DecompressionStream(packed, decompressor, length, checkEndOfStream: false, preserveDecompressor: true, leaveOpen: true))
            {
                whole = stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false) == destination.Length;
            }

            decompressor.ResetStream();
            Decompressors.Add(decompressor);
            return whole;
        }
        catch (Exception e) when (e is ZstdException or EndOfStreamException)
        {
            decompressor.Dispose();
            return false;
        }
    }

    /// <summary>Packs a cluster; null when the result would not be shorter than <paramref name="limit"/>.</summary>
    public static byte[]? Pack(ReadOnlySpan<byte> cluster, int limit)
    {
        if (!Compressors.TryTake(out var compressor))
        {
            compressor = new Compressor(Compressor.DefaultCompressionLevel);
        }

        try
        {
            var packed = compressor.Wrap(cluster);
            return packed.Length < limit ? packed.ToArray() : null;
        }
        finally
        {
            Compressors.Add(compressor);
        }
    }

    /// <summary>
    /// Whether a sample of the cluster gets shorter at all. Deflate takes as long for what is packed or encrypted already as for anything
    /// else; Zstandard sees it at once.
    /// </summary>
    public static bool IsWorthPacking(ReadOnlySpan<byte> cluster)
    {
        const int pieces = 4;
        const int pieceLength = 2048;
        if (cluster.Length < 4 * pieces * pieceLength)
        {
            return true;
        }

        Span<byte> sample = stackalloc byte[pieces * pieceLength];
        for (var i = 0; i < pieces; i++)
        {
            cluster.Slice(i * (cluster.Length / pieces), pieceLength).CopyTo(sample[(i * pieceLength)..]);
        }

        if (!Samplers.TryTake(out var sampler))
        {
            sampler = new Compressor(1);
        }

        try
        {
            return sampler.Wrap(sample).Length < sample.Length - (sample.Length / 64);
        }
        finally
        {
            Samplers.Add(sampler);
        }
    }
}
