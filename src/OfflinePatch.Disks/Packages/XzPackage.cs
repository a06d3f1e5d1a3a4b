using OfflinePatch.Core;
using SharpCompress.Common;
using SharpCompress.Compressors.Xz;
using Crc32 = System.IO.Hashing.Crc32;

namespace OfflinePatch.Disks.Packages;

/// <summary>
/// xz. The decoder (SharpCompress) reads one stream; a file may hold several. They are found from the end of the file, through the footers
/// and indexes, and what each unpacks to is compared with its index. Source: "The .xz File Format" 1.2.0.
/// </summary>
internal sealed class XzPackage : CompressedPackage
{
    private const int HeaderBytes = 12; // of a stream, and its footer
    private const int MaxIndexBytes = 64 * 1024 * 1024; // blocks of 1 MiB: 8 TiB
    private const int MaxStreams = 65536;

    /// <inheritdoc/>
    protected override string Kind => "xz";

    /// <inheritdoc/>
    protected override ReadOnlySpan<byte> Magic => [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0x00];

    /// <inheritdoc/>
    protected override void Unpack(IImageFiles files, TemporaryFileDevice output)
    {
        foreach (var (start, length, unpacked) in FindStreams(files))
        {
            long count;
            try
            {
                using var decoder = new XZStream(new DeviceStream(files.Image, start, length));
                count = Copy(files, decoder, output, limit: unpacked);
            }
            catch (Exception e) when (e is SharpCompressException or InvalidDataException or EndOfStreamException
                or NotImplementedException or OverflowException)
            {
                throw PackageError.Damaged(files.ImagePath, Kind, $"damaged data ({e.Message})");
            }

            if (count != unpacked)
            {
                throw PackageError.Damaged(files.ImagePath, Kind, $"{count} bytes, where the index says {unpacked}");
            }
        }
    }

    private static List<(long Start, long Length, long Unpacked)> FindStreams(IImageFiles files)
    {
        var file = files.Image;
        var streams = new List<(long, long, long)>();
        var end = file.Length;
        if (end % 4 != 0)
        {
            throw PackageError.Damaged(files.ImagePath, "xz", "a length that no xz file has: the file is cut, or something was appended");
        }

        var footer = new byte[HeaderBytes];
        while (end > 0)
        {
            if (end < 2 * HeaderBytes || streams.Count == MaxStreams)
            {
                throw PackageError.Damaged(files.ImagePath, "xz", "no footer of a stream at its end");
            }

            file.Read(end - HeaderBytes, footer);
            if (!footer.AsSpan(8).ContainsAnyExcept((byte)0))
            {
                end -= 4; // padding between streams
                continue;
            }

            var indexBytes = (LittleEndian.U32(footer, 4) + 1L) * 4;
            if (footer[10] != (byte)'Y' || footer[11] != (byte)'Z' || Crc32.HashToUInt32(footer.AsSpan(4, 6)) != LittleEndian.U32(footer, 0)
                || indexBytes > MaxIndexBytes || indexBytes > end - (2 * HeaderBytes))
            {
                throw PackageError.Damaged(files.ImagePath, "xz",
                    "no footer of a stream at its end: the file is cut, or something was appended");
            }

            var index = new byte[indexBytes];
            file.Read(end - HeaderBytes - indexBytes, index);
            if (index[0] != 0 || Crc32.HashToUInt32(index.AsSpan(0, index.Length - 4)) != LittleEndian.U32(index, index.Length - 4)
                || !TryReadIndex(index.AsSpan(1, index.Length - 5), out var packed, out var unpacked)
                    || packed > end - indexBytes - (2 * HeaderBytes))
            {
                throw PackageError.Damaged(files.ImagePath, "xz", "a damaged index");
            }

            var length = packed + indexBytes + (2 * HeaderBytes);
            streams.Add((end - length, length, unpacked));
            end -= length;
        }

        streams.Reverse();
        return streams;
    }

    private static bool TryReadIndex(ReadOnlySpan<byte> index, out long packed, out long unpacked)
    {
        packed = 0;
        unpacked = 0;
        if (!TryReadNumber(ref index, out var count) || count > index.Length / 2)
        {
            return false;
        }

        for (long i = 0; i < count; i++)
        {
            if (!TryReadNumber(ref index, out var blockPacked) || !TryReadNumber(ref index, out var blockUnpacked)
                || blockPacked > MaxBytes || blockUnpacked > MaxBytes || packed > MaxBytes || unpacked > MaxBytes)
            {
                return false;
            }

            packed += (blockPacked + 3) & ~3L;
            unpacked += blockUnpacked;
        }

        return true;
    }

    /// <summary>Seven bits a byte, the lowest first; the highest bit says that more follow.</summary>
    private static bool TryReadNumber(ref ReadOnlySpan<byte> bytes, out long number)
    {
        number = 0;
        for (var i = 0; i < Math.Min(9, bytes.Length); i++)
        {
            number |= (long)(bytes[i] & 0x7F) << (7 * i);
            if ((bytes[i] & 0x80) == 0)
            {
                bytes = bytes[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
