using System.Globalization;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Disks.Packages.Ova;

namespace OfflinePatch.Disks.Packages;

/// <summary>
/// The records of a pax extended header that say where a member's bytes are: <c>path</c>, <c>size</c>, and GNU tar's mark of sparse
/// members. A record is <c>length SP key=value LF</c>, its length in decimal with itself counted, so that a value may hold any byte.
/// Source: POSIX.1-2017, pax, "pax Extended Header".
/// </summary>
internal sealed class PaxHeader
{
    private const int MaxBytes = 1024 * 1024; // a path has a few thousand bytes; comments and checksums of any tool stay far below

    private bool NamesPath { get; init; }

    private bool NamesSize { get; init; }

    /// <summary>The member's name, or null.</summary>
    public string? Path { get; private init; }

    /// <summary>The member's bytes in the archive, or null.</summary>
    public long? Size { get; private init; }

    /// <summary>Whether the member's bytes are a map and the pieces that are not holes.</summary>
    public bool IsSparse { get; private init; }

    /// <summary>The bytes of an extended header or of a long name.</summary>
    /// <exception cref="CorruptImageException"><c>OVA-0001</c>: longer than any real one.</exception>
    public static byte[] ReadContent(BlockDevice file, long offset, long length, long headerOffset)
    {
        if (length > MaxBytes)
        {
            throw OvaError.TarHeader(headerOffset, $"an extended header of {MaxBytes} bytes at most", $"{length}");
        }

        var bytes = new byte[length];
        file.Read(offset, bytes);
        return bytes;
    }

    /// <summary>Parses all records. An empty value cancels a record of a global header.</summary>
    /// <exception cref="CorruptImageException"><c>OVA-0001</c>: a record does not end where its length says.</exception>
    public static PaxHeader Parse(ReadOnlySpan<byte> records, long offset)
    {
        string? path = null;
        long? size = null;
        var (namesPath, namesSize, isSparse) = (false, false, false);
        for (var position = 0; position < records.Length && records[position] != 0;)
        {
            var rest = records[position..];
            var space = rest.IndexOf((byte)' ');
            if (space is < 1 or > 10 || !int.TryParse(rest[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                || length <= space + 2 || length > rest.Length || rest[length - 1] != (byte)'\n')
            {
                throw OvaError.TarHeader(offset + position, "a pax record that ends where its length says", "something else");
            }

            var record = rest[(space + 1)..(length - 1)];
            var equals = record.IndexOf((byte)'=');
            if (equals < 1)
            {
                throw OvaError.TarHeader(offset + position, "a pax record with a key", "none");
            }

            var key = record[..equals];
            var value = record[(equals + 1)..];
            if (key.SequenceEqual("path"u8) || key.SequenceEqual("GNU.sparse.name"u8))
            {
                namesPath = true;
                path = value.Length == 0 ? null : Encoding.UTF8.GetString(value);
            }
            else if (key.SequenceEqual("size"u8))
            {
                namesSize = true;
                size = value.Length == 0 ? null
                    : long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
                    : throw OvaError.TarHeader(offset + position, "a size in decimal digits", "something else");
            }

            isSparse |= key.StartsWith("GNU.sparse."u8);
            position += length;
        }

        return new PaxHeader { Path = path, NamesPath = namesPath, Size = size, NamesSize = namesSize, IsSparse = isSparse };
    }

    /// <summary>A global header, followed by another one, or by that of a member; null: none follows.</summary>
    public PaxHeader With(PaxHeader? next) => next is null ? this : new()
    {
        Path = next.NamesPath ? next.Path : Path,
        NamesPath = NamesPath || next.NamesPath,
        Size = next.NamesSize ? next.Size : Size,
        NamesSize = NamesSize || next.NamesSize,
        IsSparse = IsSparse || next.IsSparse,
    };
}
