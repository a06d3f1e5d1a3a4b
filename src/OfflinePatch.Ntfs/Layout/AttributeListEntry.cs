using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>One entry of $ATTRIBUTE_LIST. Source: Linux-NTFS documentation, $ATTRIBUTE_LIST.</summary>
internal readonly ref struct AttributeListEntry
{
    private readonly ReadOnlySpan<byte> _bytes;

    private AttributeListEntry(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Offsets; one line per field: type, name.</summary>
    public static class Layout
    {
        /// <summary>u32, type.</summary>
        public const int Type = 0x00;

        /// <summary>u16, bytes of the entry, a multiple of 8.</summary>
        public const int Length = 0x04;

        /// <summary>u8, UTF-16 units of the name.</summary>
        public const int NameLength = 0x06;

        /// <summary>u8, offset of the name: 0x1A, also where there is no name (newer ntfs.sys insists).</summary>
        public const int NameOffset = 0x07;

        /// <summary>u64, first VCN of the extent, 0 when resident.</summary>
        public const int LowestVcn = 0x08;

        /// <summary>u64, the record that holds it.</summary>
        public const int Reference = 0x10;

        /// <summary>u16, its id in that record.</summary>
        public const int Id = 0x18;

        /// <summary>The name, UTF-16LE.</summary>
        public const int Name = 0x1A;
    }

    /// <summary>The entry that starts at <paramref name="bytes"/>; false when it does not fit.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> bytes, out AttributeListEntry entry)
    {
        entry = default;
        if (bytes.Length < Layout.Name)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16LittleEndian(bytes[Layout.Length..]);
        if (length < Layout.Name || length > bytes.Length)
        {
            return false;
        }

        entry = new AttributeListEntry(bytes[..length]);
        return entry.NameLength == 0 || entry.NameOffset + (2 * entry.NameLength) <= length;
    }

    /// <summary>Type.</summary>
    public AttributeType Type => (AttributeType)BinaryPrimitives.ReadUInt32LittleEndian(_bytes);

    /// <summary>Bytes of the entry.</summary>
    public int Length => _bytes.Length;

    /// <summary>UTF-16 units of the name.</summary>
    public int NameLength => _bytes[Layout.NameLength];

    /// <summary>Offset of the name.</summary>
    public int NameOffset => _bytes[Layout.NameOffset];

    /// <summary>The name, UTF-16LE bytes.</summary>
    public ReadOnlySpan<byte> NameBytes => NameLength == 0 ? default : _bytes.Slice(NameOffset, 2 * NameLength);

    /// <summary>First VCN.</summary>
    public long LowestVcn => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.LowestVcn..]);

    /// <summary>The record that holds it.</summary>
    public FileReference Reference => new(BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.Reference..]));

    /// <summary>Its id there.</summary>
    public ushort Id => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.Id..]);
}
