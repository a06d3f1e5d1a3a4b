using System.Buffers.Binary;
using System.Numerics;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>
/// The header before each descriptor in $Secure:$SDS, which is also the data of the entries in $SII and $SDH. Source: Linux-NTFS
/// documentation, $Secure.
/// </summary>
internal readonly ref struct SecurityEntry
{
    private readonly ReadOnlySpan<byte> _bytes;

    private SecurityEntry(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Offsets; one line per field: type, name.</summary>
    public static class Layout
    {
        /// <summary>u32, <see cref="SecurityEntry.HashOf"/> of the descriptor.</summary>
        public const int Hash = 0x00;

        /// <summary>u32, the security id.</summary>
        public const int Id = 0x04;

        /// <summary>u64, offset of this header in $SDS.</summary>
        public const int Offset = 0x08;

        /// <summary>u32, bytes of header and descriptor.</summary>
        public const int Length = 0x10;

        /// <summary>Bytes of the header.</summary>
        public const int Size = 0x14;
    }

    /// <summary>Distance of the second copy of each entry, and what no entry crosses.</summary>
    public const int BlockSize = 0x40000;

    /// <summary>What stands after the header in an entry of $SDH: "II".</summary>
    public static ReadOnlySpan<byte> HashEntryTail => "I\0I\0"u8;

    /// <summary>A view; false when <paramref name="bytes"/> is shorter than the header.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> bytes, out SecurityEntry view)
    {
        view = new SecurityEntry(bytes);
        return bytes.Length >= Layout.Size;
    }

    /// <summary>The hash that $SDH is ordered by: each u32 of the descriptor added to the sum, which is rotated left by 3.</summary>
    public static uint HashOf(ReadOnlySpan<byte> descriptor)
    {
        var hash = 0u;
        for (var i = 0; i + 4 <= descriptor.Length; i += 4)
        {
            hash = unchecked(BitOperations.RotateLeft(hash, 3) + BinaryPrimitives.ReadUInt32LittleEndian(descriptor[i..]));
        }

        return hash;
    }

    /// <summary>Writes the header of a descriptor.</summary>
    public static void Write(Span<byte> header, uint hash, uint id, long offset, int length)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, hash);
        BinaryPrimitives.WriteUInt32LittleEndian(header[Layout.Id..], id);
        BinaryPrimitives.WriteInt64LittleEndian(header[Layout.Offset..], offset);
        BinaryPrimitives.WriteInt32LittleEndian(header[Layout.Length..], length);
    }

    /// <summary>The bytes of the header.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes[..Layout.Size];

    /// <summary>Hash of the descriptor.</summary>
    public uint Hash => BinaryPrimitives.ReadUInt32LittleEndian(_bytes);

    /// <summary>The security id.</summary>
    public uint Id => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.Id..]);

    /// <summary>Offset in $SDS, unchecked.</summary>
    public long Offset => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.Offset..]);

    /// <summary>Bytes of header and descriptor, unchecked.</summary>
    public uint Length => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.Length..]);
}
