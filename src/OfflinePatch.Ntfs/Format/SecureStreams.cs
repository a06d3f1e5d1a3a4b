using OfflinePatch.Ntfs.Layout;

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

    private const int HeaderSize = SecurityEntry.Layout.Size;

    private static readonly byte[][] Descriptors = [SystemDescriptors.Metafile, SystemDescriptors.WritableMetafile];

    /// <summary>Bytes of $SDS: it ends after the second copy of the last entry.</summary>
    public static int DataSize => SecurityEntry.BlockSize + Offset(Descriptors.Length - 1) + HeaderSize + Descriptors[^1].Length;

    /// <summary>The stream $SDS.</summary>
    public static byte[] BuildDescriptors()
    {
        var stream = new byte[DataSize];
        for (var i = 0; i < Descriptors.Length; i++)
        {
            var at = Offset(i);
            Header(i).CopyTo(stream, at);
            Descriptors[i].CopyTo(stream, at + HeaderSize);
            stream.AsSpan(at, HeaderSize + Descriptors[i].Length).CopyTo(stream.AsSpan(at + SecurityEntry.BlockSize));
        }

        return stream;
    }

    /// <summary>Entries of $SII, by id.</summary>
    public static IEnumerable<byte[]> IdEntries() =>
        Enumerable.Range(0, Descriptors.Length).Select(i => IndexEntries.SecurityId(Header(i)));

    /// <summary>Entries of $SDH, by hash and id.</summary>
    public static IEnumerable<byte[]> HashEntries() => Enumerable.Range(0, Descriptors.Length)
        .OrderBy(i => SecurityEntry.HashOf(Descriptors[i])).Select(i => IndexEntries.SecurityHash(Header(i)));

    private static byte[] Header(int index)
    {
        var header = new byte[HeaderSize];
        SecurityEntry.Write(header, SecurityEntry.HashOf(Descriptors[index]), MetafileId + (uint)index, Offset(index),
            HeaderSize + Descriptors[index].Length);
        return header;
    }

    private static int Offset(int index)
    {
        var offset = 0;
        for (var i = 0; i < index; i++)
        {
            offset = (offset + HeaderSize + Descriptors[i].Length + 15) & ~15;
        }

        return offset;
    }
}
