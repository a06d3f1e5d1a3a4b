using System.Buffers.Binary;

namespace OfflinePatch.Registry.Layout;

/// <summary>A value. Source: msuhanov/regf, "Key value".</summary>
internal readonly ref struct KeyValue
{
    /// <summary>Bytes before the name.</summary>
    public const int HeaderSize = 0x14;

    /// <summary>The most characters of a value name.</summary>
    public const int MaxNameLength = 16383;

    /// <summary>Set in the length field: the data, 4 bytes at most, is in the offset field.</summary>
    public const uint InlineFlag = 0x80000000;

    /// <summary>Set in the flags: the name is Latin-1.</summary>
    public const ushort CompressedName = 0x0001;

    /// <summary>Set in the flags of a layered hive: the value is deleted in this layer.</summary>
    public const ushort Tombstone = 0x0002;

    public static class Layout
    {
        public const int Signature = 0x00; // u16, "vk"
        public const int NameLength = 0x02; // u16, bytes as stored; 0 is the default value
        public const int DataLength = 0x04; // u32, bytes; bit 31 inline
        public const int Data = 0x08; // u32, CellOffset, or the data itself
        public const int Type = 0x0C; // u32
        public const int Flags = 0x10; // u16
        public const int Spare = 0x12; // u16
        public const int Name = 0x14;
    }

    public const ushort SignatureValue = 0x6B76;

    private readonly ReadOnlySpan<byte> _cell;

    private KeyValue(ReadOnlySpan<byte> cell) => _cell = cell;

    /// <summary>A view over the payload of a cell; false when it is too small, has no signature, or its name does not fit.</summary>
    public static bool TryRead(ReadOnlySpan<byte> cell, out KeyValue value)
    {
        value = default;
        if (cell.Length < HeaderSize || BinaryPrimitives.ReadUInt16LittleEndian(cell) != SignatureValue)
        {
            return false;
        }

        value = new KeyValue(cell);
        return value.NameLength <= cell.Length - HeaderSize;
    }

    public ushort NameLength => BinaryPrimitives.ReadUInt16LittleEndian(_cell[Layout.NameLength..]);

    /// <summary>The length field as stored.</summary>
    public uint RawLength => U32(Layout.DataLength);

    public bool IsInline => (RawLength & InlineFlag) != 0;

    /// <summary>Bytes of data.</summary>
    public uint DataLength => RawLength & ~InlineFlag;

    public CellOffset Data => new(U32(Layout.Data));

    /// <summary>The four bytes that hold inline data.</summary>
    public ReadOnlySpan<byte> InlineBytes => _cell.Slice(Layout.Data, 4);

    public uint Type => U32(Layout.Type);

    public ushort Flags => BinaryPrimitives.ReadUInt16LittleEndian(_cell[Layout.Flags..]);

    public StoredName Name => new(_cell.Slice(Layout.Name, NameLength), (Flags & CompressedName) != 0);

    private uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_cell[offset..]);
}
