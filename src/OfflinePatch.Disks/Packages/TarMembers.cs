using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Disks.Packages.Ova;

namespace OfflinePatch.Disks.Packages;

/// <summary>A file inside a tar.</summary>
/// <param name="Name">Its name, without folders.</param>
/// <param name="Offset">First byte in the tar.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Problem">Why its bytes in the tar are not the file's content (a sparse file, a link), or null.</param>
internal readonly record struct TarMember(string Name, long Offset, long Length, string? Problem = null);

/// <summary>
/// Lists the members of an uncompressed tar, which an OVA is. Source: POSIX.1-2017 pax (ustar and its extended headers); GNU tar's base-256
/// sizes, long names and sparse members.
/// </summary>
internal static class TarMembers
{
    /// <summary>Bytes of a header, and what members are padded to.</summary>
    public const int BlockBytes = 512;

    // An OVA holds an .ovf, an .mf, a .cert and the disks; pax headers may stand between them.
    private const int MaxMembers = 1024;
    private const int MaxMapBlocks = 1024 * 1024; // 21 pieces in each: 22 million pieces

    /// <summary>Whether the first block is the header of a member whose checksum is right.</summary>
    public static bool IsHeader(ReadOnlySpan<byte> block) =>
        block.Length >= BlockBytes && block[Layout.Magic..].StartsWith("ustar"u8)
        && TryOctal(block.Slice(Layout.Checksum, 8), out var sum)
        && (sum == ComputeChecksum(block, isSigned: false) || sum == ComputeChecksum(block, isSigned: true));

    /// <summary>The files, in order.</summary>
    /// <exception cref="CorruptImageException"><c>OVA-0001</c>, <c>OVA-0002</c>.</exception>
    public static List<TarMember> Read(BlockDevice file)
    {
        var members = new List<TarMember>();
        var block = new byte[BlockBytes];
        var global = new PaxHeader();
        PaxHeader? local = null;
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
                var found = count == MaxMembers ? $"more than {MaxMembers} members" : "something else";
                throw OvaError.TarHeader(offset, "a tar header with a right checksum", found);
            }

            var type = (char)block[Layout.Type];
            var isExtension = type is 'x' or 'g' or 'L' or 'K';
            var length = ReadSize(block.AsSpan(Layout.Size, 12), offset);
            var effective = global.With(local);
            if (!isExtension)
            {
                length = effective.Size ?? length;
            }

            var data = offset + BlockBytes + (type == 'S' ? MapBytes(file, offset, block) : 0);
            var name = local?.Path ?? longName ?? effective.Path ?? Encoding.UTF8.GetString(block.AsSpan(Layout.Name, 100)).Split('\0')[0];
            if (length > file.Length - data)
            {
                throw OvaError.Cut(offset, name, length, file.Length);
            }

            switch (type)
            {
                case 'L':
                    longName = Encoding.UTF8.GetString(PaxHeader.ReadContent(file, data, length, offset)).TrimEnd('\0');
                    break;
                case 'x':
                    local = PaxHeader.Parse(PaxHeader.ReadContent(file, data, length, offset), data);
                    break;
                case 'g':
                    global = global.With(PaxHeader.Parse(PaxHeader.ReadContent(file, data, length, offset), data));
                    break;
                case 'K': // the target of a link
                    break;
                default:
                    if (type is not '5')
                    {
                        members.Add(new TarMember(name[(name.LastIndexOf('/') + 1)..], data, length, ProblemOf(type, effective)));
                    }

                    local = null;
                    longName = null;
                    break;
            }

            offset = data + ((length + BlockBytes - 1) / BlockBytes * BlockBytes);
        }

        return members;
    }

    /// <summary>
    /// Bytes of the blocks between a header of type S and the member's bytes: the rest of a map of holes that does not fit into the header.
    /// </summary>
    private static long MapBytes(BlockDevice file, long headerOffset, ReadOnlySpan<byte> header)
    {
        var bytes = 0L;
        var more = header[Layout.HasMap];
        var flag = new byte[1];
        for (var count = 0; more != 0; count++)
        {
            bytes += BlockBytes;
            if (count == MaxMapBlocks || headerOffset + bytes > file.Length - BlockBytes)
            {
                throw OvaError.TarHeader(headerOffset, "a map of a sparse member that ends", "more of it");
            }

            file.Read(headerOffset + bytes + Layout.MapHasMore, flag);
            more = flag[0];
        }

        return bytes;
    }

    private static string? ProblemOf(char type, PaxHeader header) => type switch
    {
        '0' or '\0' or '7' => header.IsSparse ? "a sparse member (GNU.sparse records)" : null,
        '1' or '2' => "a link",
        'S' => "a sparse member (GNU type S)",
        _ => $"a member of type '{(type is >= ' ' and <= '~' ? type : '?')}'",
    };

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
                    throw OvaError.TarHeader(offset + Layout.Size, "the size of a file", "a larger number");
                }

                value = (value << 8) | digit;
            }

            return value;
        }

        return TryOctal(field, out var size) ? size
            : throw OvaError.TarHeader(offset + Layout.Size, "a size in octal digits", Convert.ToHexString(field));
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

    /// <summary>The sum of the bytes; old programs add them up with their signs, which readers accept as well (POSIX.1-2017 pax).</summary>
    private static long ComputeChecksum(ReadOnlySpan<byte> block, bool isSigned)
    {
        long sum = 0;
        for (var i = 0; i < BlockBytes; i++)
        {
            sum += i is >= Layout.Checksum and < Layout.Checksum + 8 ? ' ' : isSigned ? unchecked((sbyte)block[i]) : block[i];
        }

        return sum;
    }

    /// <summary>Offsets in a header block.</summary>
    private static class Layout
    {
        public const int Name = 0x000; // char[100]
        public const int Size = 0x07C; // char[12], octal; first bit set: base 256
        public const int Checksum = 0x094; // char[8], octal, of the header with this field as spaces
        public const int Type = 0x09C; // '0' or zero: a file; '5' a folder; 'x', 'g': pax; 'L', 'K': GNU long names; 'S': GNU sparse
        public const int Magic = 0x101; // "ustar"
        public const int HasMap = 0x1E2; // type 'S': not zero: blocks of the map follow
        public const int MapHasMore = 0x1F8; // the same in each of these
    }
}
