using System.Buffers.Binary;
using System.Security.Cryptography;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Tests;

/// <summary>
/// A hash of a large sparse file that does not read its holes: of its length, and of every block that is not zero, with its place.
/// </summary>
internal static class SparseHash
{
    private const int Block = 64 * 1024;

    public static string Of(string path)
    {
        using var device = HostFileDevice.Open(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, device.Length);
        var buffer = new byte[Block];
        for (long offset = 0; offset < device.Length;)
        {
            var extent = device.GetExtent(offset);
            if (extent.IsZero && extent.Length >= Block)
            {
                offset += extent.Length / Block * Block;
                continue;
            }

            var count = (int)Math.Min(Block, device.Length - offset);
            device.Read(offset, buffer.AsSpan(0, count));
            if (buffer.AsSpan(0, count).ContainsAnyExcept((byte)0))
            {
                Append(hash, offset);
                hash.AppendData(buffer.AsSpan(0, count));
            }

            offset += count;
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <summary>The hash over all files of an image.</summary>
    public static string OfAll(IEnumerable<string> paths) => string.Join(' ', paths.Order(StringComparer.Ordinal).Select(Of));

    private static void Append(IncrementalHash hash, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        hash.AppendData(bytes);
    }
}
