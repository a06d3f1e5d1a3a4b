using System.Buffers.Binary;
using System.Numerics;

namespace OfflinePatch.Ntfs.Format;

/// <summary>
/// $Secure of a new volume: $SDS with two descriptors, and the entries of $SII and $SDH for them. Source: Linux-NTFS documentation,
/// $Secure.
/// </summary>
internal static class SecureStreams
{
    /// <summary>SecurityId of most metafiles.</summary>
    public const uint MetafileId = 0x100;

    /// <summary>SecurityId of those that Windows writes to by name.</summary>
    public const uint WritableMetafileId = 0x101;

    private const int CopyDistance = 0x40000;
    private const int HeaderLength = 0x14;

    private static readonly byte[][] Descriptors = [SystemDescriptors.Metafile, SystemDescriptors.WritableMetafile];

    /// <summary>Bytes of $SDS: it ends after the second copy of the last entry.</summary>
    public static int DataSize => CopyDistance + Offset(Descriptors.Length - 1) + HeaderLength + Descriptors[^1].Length;

    /// <summary>The stream $SDS.</summary>
    public static byte[] BuildDescriptors()
    {
        var stream = new byte[DataSize];
        for (var i = 0; i < Descriptors.Length; i++)
        {
            var at = Offset(i);
            Header(i).CopyTo(stream, at);
            Descriptors[i].CopyTo(stream, at + HeaderLength);
            stream.AsSpan(at, HeaderLength + Descriptors[i].Length).CopyTo(stream.AsSpan(at + CopyDistance));
        }

        return stream;
    }

    /// <summary>Entries of $SII, by id.</summary>
    public static IEnumerable<byte[]> IdEntries() =>
        Enumerable.Range(0, Descriptors.Length).Select(i => IndexNodes.ViewEntry(Header(i).AsSpan(4, 4), Header(i), 0x14));

    /// <summary>Entries of $SDH, by hash and id; the four bytes after the data are what Windows writes there.</summary>
    public static IEnumerable<byte[]> HashEntries() =>
        Enumerable.Range(0, Descriptors.Length).OrderBy(i => Hash(Descriptors[i])).Select(i =>
        {
            var entry = IndexNodes.ViewEntry(Header(i).AsSpan(0, 8), Header(i), 0x18);
            "I\0I\0"u8.CopyTo(entry.AsSpan(0x2C));
            return entry;
        });

    /// <summary>The hash of a security descriptor: each 32-bit word added to the sum rotated by 3.</summary>
    public static uint Hash(ReadOnlySpan<byte> descriptor)
    {
        var hash = 0u;
        for (var i = 0; i + 4 <= descriptor.Length; i += 4)
        {
            hash = unchecked(BitOperations.RotateLeft(hash, 3) + BinaryPrimitives.ReadUInt32LittleEndian(descriptor[i..]));
        }

        return hash;
    }

    /// <summary>0x00 u32 hash, 0x04 u32 id, 0x08 u64 offset, 0x10 u32 length with this header.</summary>
    private static byte[] Header(int index)
    {
        var header = new byte[HeaderLength];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Hash(Descriptors[index]));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), MetafileId + (uint)index);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(8), Offset(index));
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(16), HeaderLength + Descriptors[index].Length);
        return header;
    }

    private static int Offset(int index)
    {
        var offset = 0;
        for (var i = 0; i < index; i++)
        {
            offset = (offset + HeaderLength + Descriptors[i].Length + 15) & ~15;
        }

        return offset;
    }
}
