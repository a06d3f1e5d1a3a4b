using System.Buffers.Binary;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Check;

/// <summary>
/// One number per link: of the record, the parent reference, the name space and the name. The sum over a file's names and the sum over the
/// index entries that lead to it must be equal; so no list of all names has to be kept.
/// </summary>
internal static class FileNameHash
{
    public static ulong Of(long record, ReadOnlySpan<byte> fileName)
    {
        var hash = Mix(unchecked((ulong)record * 0x9E3779B97F4A7C15));
        hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(fileName));
        var rest = fileName[FileNameAttribute.Layout.NameLength..];
        while (rest.Length >= 8)
        {
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(rest));
            rest = rest[8..];
        }

        ulong tail = (ulong)rest.Length << 56;
        for (var i = 0; i < rest.Length; i++)
        {
            tail |= (ulong)rest[i] << (8 * i);
        }

        return Mix(hash ^ tail);
    }

    private static ulong Mix(ulong value) =>
        unchecked(((value ^ (value >> 29)) * 0xBF58476D1CE4E5B9) ^ (((value ^ (value >> 29)) * 0xBF58476D1CE4E5B9) >> 32));
}
