using System.Buffers.Binary;

namespace OfflinePatch.Registry.Layout;

/// <summary>A key. Source: msuhanov/regf, "Key node".</summary>
internal readonly ref struct KeyNode
{
    /// <summary>Bytes before the name.</summary>
    public const int HeaderSize = 0x4C;

    /// <summary>The most characters of a key name.</summary>
    public const int MaxNameLength = 255;

    public static class Layout
    {
        public const int Signature = 0x00; // u16, "nk"
        public const int Flags = 0x02; // u16, KeyNodeFlags
        public const int LastWriteTime = 0x04; // FILETIME
        public const int AccessBits = 0x0C; // u8 access (Windows 8), u8 layer semantics (1607), u16
        public const int Parent = 0x10; // u32, CellOffset; anything in the root
        public const int SubkeyCount = 0x14; // u32, stable subkeys
        public const int VolatileSubkeyCount = 0x18; // u32, no meaning on disk
        public const int SubkeyList = 0x1C; // u32, CellOffset
        public const int VolatileSubkeyList = 0x20; // u32, no meaning on disk
        public const int ValueCount = 0x24; // u32
        public const int ValueList = 0x28; // u32, CellOffset of [u32]
        public const int Security = 0x2C; // u32, CellOffset of a KeySecurity
        public const int ClassName = 0x30; // u32, CellOffset of UTF-16 text
        public const int MaximumSubkeyName = 0x34; // u16, bytes of UTF-16; then u8 virtualisation flags, u8 debug
        public const int MaximumSubkeyClass = 0x38; // u32, bytes
        public const int MaximumValueName = 0x3C; // u32, bytes of UTF-16
        public const int MaximumValueData = 0x40; // u32, bytes
        public const int WorkVariable = 0x44; // u32, unused
        public const int NameLength = 0x48; // u16, bytes as stored
        public const int ClassLength = 0x4A; // u16, bytes
        public const int Name = 0x4C; // Latin-1 or UTF-16
    }

    public const ushort SignatureValue = 0x6B6E;

    private readonly ReadOnlySpan<byte> _cell;

    private KeyNode(ReadOnlySpan<byte> cell) => _cell = cell;

    /// <summary>A view over the payload of a cell; false when it is too small, has no signature, or its name does not fit.</summary>
    public static bool TryRead(ReadOnlySpan<byte> cell, out KeyNode node)
    {
        node = default;
        if (cell.Length < HeaderSize || BinaryPrimitives.ReadUInt16LittleEndian(cell) != SignatureValue)
        {
            return false;
        }

        node = new KeyNode(cell);
        return node.NameLength <= cell.Length - HeaderSize;
    }

    public KeyNodeFlags Flags => (KeyNodeFlags)U16(Layout.Flags);

    public ulong LastWriteTime => BinaryPrimitives.ReadUInt64LittleEndian(_cell[Layout.LastWriteTime..]);

    /// <summary>Layered keys: 0 none, 1 the key is deleted here, 2 and 3 it replaces the one below.</summary>
    public int LayerSemantics => _cell[Layout.AccessBits + 1] & 3;

    public CellOffset Parent => new(U32(Layout.Parent));

    public uint SubkeyCount => U32(Layout.SubkeyCount);

    public CellOffset SubkeyList => new(U32(Layout.SubkeyList));

    /// <summary>The count field as stored: a handle where <see cref="KeyNodeFlags.PredefinedHandle"/> is set.</summary>
    public uint RawValueCount => U32(Layout.ValueCount);

    /// <summary>The number of values.</summary>
    public uint ValueCount => (Flags & KeyNodeFlags.PredefinedHandle) != 0 ? 0 : RawValueCount;

    public CellOffset ValueList => new(U32(Layout.ValueList));

    public CellOffset Security => new(U32(Layout.Security));

    public CellOffset ClassName => new(U32(Layout.ClassName));

    public ushort ClassLength => U16(Layout.ClassLength);

    public ushort MaximumSubkeyName => U16(Layout.MaximumSubkeyName);

    public uint MaximumSubkeyClass => U32(Layout.MaximumSubkeyClass);

    public uint MaximumValueName => U32(Layout.MaximumValueName);

    public uint MaximumValueData => U32(Layout.MaximumValueData);

    public ushort NameLength => U16(Layout.NameLength);

    public StoredName Name => new(_cell.Slice(Layout.Name, NameLength), (Flags & KeyNodeFlags.CompressedName) != 0);

    private ushort U16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(_cell[offset..]);

    private uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_cell[offset..]);
}
