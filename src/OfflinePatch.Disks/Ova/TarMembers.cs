using System.Globalization;
using System.Text;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Ova;

/// <summary>A file inside a tar.</summary>
/// <param name="Name">Its name, without folders.</param>
/// <param name="Offset">First byte in the tar.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct TarMember(string Name, long Offset, long Length);

/// <summary>
/// Lists the members of an uncompressed tar, which an OVA is. Source: POSIX.1-1988 (ustar) and pax; GNU's base-256 sizes, which VMware and VirtualBox write
/// for disks of 8 GiB and more.
/// </summary>
internal static class TarMembers
{
    /// <summary>Bytes of a header, and what members are padded to.</summary>
    public const int BlockBytes = 512;

    private const int NameOffset = 0x000; // char[100]
    private const int SizeOffset = 0x07C; // char[12], octal; first bit set: base 256
    private const int ChecksumOffset = 0x094; // char[8], octal, of the header with this field as spaces
    private const int TypeOffset = 0x09C; // '0' or zero: a file; 'x', 'g': pax; 'L': GNU long name
    private const int MagicOffset = 0x101; // "ustar"

    // An OVA holds an .ovf, an .mf, a .cert and the disks; pax headers may stand between them.
    private const int MaxMembers = 1024;
    private const int MaxNameBytes = 64 * 1024;

    /// <summary>Whether the first block is the header of a member whose checksum is right.</summary>
    public static bool IsHeader(ReadOnlySpan<byte> block) =>
        block.Length >= BlockBytes && block[MagicOffset..].StartsWith("ustar"u8)
        && TryOctal(block.Slice(ChecksumOffset, 8), out var sum) && sum == ComputeChecksum(block);

    /// <summary>The files, in order.</summary>
    public static List<TarMember> Read(BlockDevice file)
    {
        var members = new List<TarMember>();
        var block = new byte[BlockBytes];
        string? longName = null;
        var offset = 0L;
        for (var count = 0; offset <= file.Length - BlockBytes; count++)
        {
            file.Read(offset, block);
            if (!block.AsSpan().ContainsAnyExcept((byte)0))
            {
                break;
            }

            if (count == MaxMembers || !IsHeader(block))
            {
                throw OvaError.TarHeader(offset, "a tar header with a right checksum", count == MaxMembers ? $"more than {MaxMembers} members" : "something else");
            }

            var length = ReadSize(block.AsSpan(SizeOffset, 12), offset);
            var data = offset + BlockBytes;
            var name = longName ?? Encoding.UTF8.GetString(block.AsSpan(NameOffset, 100)).Split('\0')[0];
            if (length > file.Length - data)
            {
                throw OvaError.Cut(offset, name, length, file.Length);
            }

            longName = null;
            switch ((char)block[TypeOffset])
            {
                case '0' or '\0':
                    members.Add(new TarMember(name[(name.LastIndexOf('/') + 1)..], data, length));
                    break;
                case 'L':
                    longName = Encoding.UTF8.GetString(ReadText(file, data, length, offset)).TrimEnd('\0');
                    break;
                case 'x':
                    longName = PaxPath(Encoding.UTF8.GetString(ReadText(file, data, length, offset)));
                    break;
            }

            offset = data + ((length + BlockBytes - 1) / BlockBytes * BlockBytes);
        }

        return members;
    }

    private static byte[] ReadText(BlockDevice file, long data, long length, long offset)
    {
        if (length > MaxNameBytes)
        {
            throw OvaError.TarHeader(offset, $"a name of {MaxNameBytes} bytes at most", $"{length}");
        }

        var bytes = new byte[length];
        file.Read(data, bytes);
        return bytes;
    }

    /// <summary>pax records: <c>length key=value\n</c>.</summary>
    private static string? PaxPath(string records) =>
        records.Split('\n').Select(r => r[(r.IndexOf(' ', StringComparison.Ordinal) + 1)..]).Where(r => r.StartsWith("path=", StringComparison.Ordinal))
            .Select(r => r["path=".Length..]).LastOrDefault();

    private static long ReadSize(ReadOnlySpan<byte> field, long offset)
    {
        if ((field[0] & 0x80) != 0)
        {
            // Base 256: eleven bytes, big-endian; more than 2^62 is no file.
            long value = 0;
            foreach (var digit in field[1..])
            {
                if (value > long.MaxValue >> 9)
                {
                    throw OvaError.TarHeader(offset + SizeOffset, "the size of a file", "a larger number");
                }

                value = (value << 8) | digit;
            }

            return value;
        }

        return TryOctal(field, out var size) ? size : throw OvaError.TarHeader(offset + SizeOffset, "a size in octal digits", Convert.ToHexString(field));
    }

    private static bool TryOctal(ReadOnlySpan<byte> field, out long value)
    {
        value = 0;
        var digits = field.Trim(" \0"u8);
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return false;
            }

            value = (value << 3) | (uint)(digit - '0');
        }

        return digits.Length is > 0 and <= 12;
    }

    private static long ComputeChecksum(ReadOnlySpan<byte> block)
    {
        long sum = 0;
        for (var i = 0; i < BlockBytes; i++)
        {
            sum += i is >= ChecksumOffset and < ChecksumOffset + 8 ? ' ' : block[i];
        }

        return sum;
    }
}
