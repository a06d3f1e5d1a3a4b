using System.IO.Hashing;
using OfflinePatch.Core;
using SharpCompress.Compressors;
using SharpCompress.Compressors.Deflate;

namespace OfflinePatch.Disks.Packages;

/// <summary>
/// Proves that a gzip file of several members is whole: walks from member to member and compares each trailer with the content.
/// </summary>
internal static class GzipMembers
{
    private const int HeaderBytes = 10;

    [Flags]
    private enum HeaderFlags : byte
    {
        HeaderCrc = 2,
        Extra = 4,
        Name = 8,
        Comment = 16,
    }

    /// <summary>Checks all members; bytes after the last one may only be zeros (padding of a tape).</summary>
    /// <param name="files">The compressed file.</param>
    /// <param name="content">What it was unpacked to.</param>
    /// <exception cref="CorruptImageException"><c>PKG-0001</c>: a member is cut or damaged.</exception>
    public static void Check(IImageFiles files, BlockDevice content)
    {
        var file = files.Image;
        var done = 0L;
        var buffer = new byte[256 * 1024];
        for (var offset = 0L; offset < file.Length && !IsPadding(file, offset);)
        {
            offset = SkipHeader(files, offset);
            using var window = new DeviceStream(file, offset, file.Length - offset);
            using var decoder = new DeflateStream(window, CompressionMode.Decompress);
            var crc = new Crc32();
            var start = done;
            for (int count; (count = Read(files, decoder, buffer)) > 0; done += count)
            {
                crc.Append(buffer.AsSpan(0, count));
            }

            offset += decoder.TotalIn;
            var trailer = new byte[8];
            if (offset > file.Length - trailer.Length)
            {
                throw PackageError.Damaged(files.ImagePath, "gzip", "the end of the file inside a member");
            }

            file.Read(offset, trailer);
            if (crc.GetCurrentHashAsUInt32() != LittleEndian.U32(trailer, 0)
                || (uint)((done - start) & uint.MaxValue) != LittleEndian.U32(trailer, 4))
            {
                throw PackageError.Damaged(files.ImagePath, "gzip",
                    $"a member whose checksum or length is another (at offset 0x{offset:X})");
            }

            offset += trailer.Length;
        }

        if (done != content.Length)
        {
            throw PackageError.Damaged(files.ImagePath, "gzip", $"{content.Length} bytes, where the members hold {done}");
        }
    }

    private static int Read(IImageFiles files, Stream decoder, byte[] buffer)
    {
        try
        {
            return decoder.Read(buffer, 0, buffer.Length);
        }
        catch (Exception e) when (e is ZlibException or InvalidDataException or EndOfStreamException or IndexOutOfRangeException)
        {
            throw PackageError.Damaged(files.ImagePath, "gzip", "damaged data");
        }
    }

    private static bool IsPadding(BlockDevice file, long offset)
    {
        var buffer = new byte[64 * 1024];
        for (; offset < file.Length; offset += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, file.Length - offset));
            file.Read(offset, part);
            if (part.ContainsAnyExcept((byte)0))
            {
                return false;
            }
        }

        return true;
    }

    private static long SkipHeader(IImageFiles files, long offset)
    {
        var file = files.Image;
        var header = new byte[HeaderBytes];
        if (offset > file.Length - HeaderBytes)
        {
            throw PackageError.Damaged(files.ImagePath, "gzip", "the end of the file inside a header");
        }

        file.Read(offset, header);
        if (!header.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B, 0x08]))
        {
            throw PackageError.Damaged(files.ImagePath, "gzip", $"something else than a member at offset 0x{offset:X}");
        }

        var flags = (HeaderFlags)header[3];
        offset += HeaderBytes;
        if (flags.HasFlag(HeaderFlags.Extra))
        {
            var length = new byte[2];
            file.Read(Math.Min(offset, file.Length - 2), length);
            offset += 2 + LittleEndian.U16(length, 0);
        }

        offset = flags.HasFlag(HeaderFlags.Name) ? SkipText(file, offset) : offset;
        offset = flags.HasFlag(HeaderFlags.Comment) ? SkipText(file, offset) : offset;
        return Math.Min(file.Length, offset + (flags.HasFlag(HeaderFlags.HeaderCrc) ? 2 : 0));
    }

    private static long SkipText(BlockDevice file, long offset)
    {
        var one = new byte[1];
        for (var count = 0; offset < file.Length && count < 64 * 1024; count++)
        {
            file.Read(offset++, one);
            if (one[0] == 0)
            {
                break;
            }
        }

        return offset;
    }
}
