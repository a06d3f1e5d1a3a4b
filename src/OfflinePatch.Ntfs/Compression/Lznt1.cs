using System.Buffers.Binary;
using OfflinePatch.Core.Compression;

namespace OfflinePatch.Ntfs.Compression;

/// <summary>
/// LZNT1, the compression of NTFS streams with the compressed flag. A stream is cut into units of 16 clusters; a unit that takes fewer
/// clusters than that is compressed. Source: [MS-XCA] 2.5; Linux-NTFS documentation, Compression.
/// </summary>
internal static class Lznt1
{
    /// <summary>A chunk of this many plain bytes has a header of its own.</summary>
    public const int ChunkSize = 4096;

    /// <summary>Field offsets and masks of a chunk header (u16, little endian).</summary>
    public static class Layout
    {
        /// <summary>Bits 0-11: bytes of the chunk including this header, minus 3.</summary>
        public const int SizeMask = 0x0FFF;

        /// <summary>Bit 15: the chunk is compressed; clear: it holds plain bytes.</summary>
        public const int Compressed = 0x8000;

        /// <summary>Bytes of the header.</summary>
        public const int HeaderLength = 2;
    }

    /// <summary>
    /// Decodes one compression unit. <paramref name="unit"/> is filled completely: content that ends early is followed by zeros, as Windows
    /// does it.
    /// </summary>
    /// <param name="compressed">The clusters that the unit takes, in order.</param>
    /// <param name="unit">Receives the plain bytes of the unit.</param>
    /// <returns>The plain bytes that the chunks really held.</returns>
    /// <exception cref="CorruptImageException"><c>NTFS-5101</c>, <c>NTFS-5102</c>, <c>NTFS-5103</c>.</exception>
    public static int Decompress(ReadOnlySpan<byte> compressed, Span<byte> unit)
    {
        var source = 0;
        var chunk = 0;
        var end = 0;
        while (chunk < unit.Length && source + Layout.HeaderLength <= compressed.Length)
        {
            int header = BinaryPrimitives.ReadUInt16LittleEndian(compressed[source..]);
            if (header == 0)
            {
                break;
            }

            var length = (header & Layout.SizeMask) + 3 - Layout.HeaderLength;
            if (length > compressed.Length - source - Layout.HeaderLength)
            {
                throw CompressionError.Lznt1Truncated(source, length + Layout.HeaderLength, compressed.Length - source);
            }

            var body = compressed.Slice(source + Layout.HeaderLength, length);
            var room = unit.Slice(chunk, Math.Min(ChunkSize, unit.Length - chunk));
            int written;
            if ((header & Layout.Compressed) != 0)
            {
                written = DecodeChunk(body, room, source + Layout.HeaderLength);
            }
            else
            {
                if (length > room.Length)
                {
                    throw CompressionError.Lznt1Overflow(source, room.Length);
                }

                body.CopyTo(room);
                written = length;
            }

            room[written..].Clear();
            end = chunk + written;
            chunk += room.Length;
            source += Layout.HeaderLength + length;
        }

        unit[chunk..].Clear();
        return end;
    }

    private static int DecodeChunk(ReadOnlySpan<byte> source, Span<byte> target, int offset)
    {
        var at = 0;
        var written = 0;
        while (at < source.Length)
        {
            int flags = source[at++];
            for (var bit = 0; bit < 8 && at < source.Length; bit++, flags >>= 1)
            {
                if ((flags & 1) == 0)
                {
                    if (written == target.Length)
                    {
                        throw CompressionError.Lznt1Overflow(offset + at, target.Length);
                    }

                    target[written++] = source[at++];
                    continue;
                }

                if (at + 2 > source.Length)
                {
                    throw CompressionError.Lznt1Truncated(offset + at, 2, source.Length - at);
                }

                int token = BinaryPrimitives.ReadUInt16LittleEndian(source[at..]);
                var split = DistanceBits(written);
                var distance = (token >> (16 - split)) + 1;
                var length = (token & (0xFFFF >> split)) + 3;
                if (distance > written)
                {
                    throw CompressionError.Lznt1Distance(offset + at, distance, written);
                }

                if (length > target.Length - written)
                {
                    throw CompressionError.Lznt1Overflow(offset + at, target.Length);
                }

                MatchCopy.Run(target, written, distance, length);
                written += length;
                at += 2;
            }
        }

        return written;
    }

    /// <summary>
    /// How many of a token's 16 bits are the distance: 4 at the start of a chunk, one more each time the position doubles past 16.
    /// </summary>
    private static int DistanceBits(int position)
    {
        var bits = 4;
        for (var rest = position - 1; rest >= 0x10; rest >>= 1)
        {
            bits++;
        }

        return bits;
    }
}
