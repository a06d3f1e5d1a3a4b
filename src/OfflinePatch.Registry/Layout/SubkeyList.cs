using System.Buffers.Binary;

namespace OfflinePatch.Registry.Layout;

/// <summary>What a subkey list is; the value is its signature.</summary>
internal enum SubkeyListKind : ushort
{
    /// <summary>"li": offsets of keys.</summary>
    IndexLeaf = 0x696C,

    /// <summary>"lf": offsets of keys, each with the first four characters of its name.</summary>
    FastLeaf = 0x666C,

    /// <summary>"lh": offsets of keys, each with the hash of its name.</summary>
    HashLeaf = 0x686C,

    /// <summary>"ri": offsets of leaves; never of another root.</summary>
    IndexRoot = 0x6972,
}

/// <summary>A list of subkeys, or of such lists. Source: msuhanov/regf, "Subkeys list".</summary>
internal readonly ref struct SubkeyList
{
    /// <summary>Bytes before the entries.</summary>
    public const int HeaderSize = 4;

    /// <summary>The most entries in one list: its count has 16 bits.</summary>
    public const int MaxCount = 0xFFFF;

    public static class Layout
    {
        public const int Signature = 0x00; // u16, SubkeyListKind
        public const int Count = 0x02; // u16
        public const int Entries = 0x04; // [u32 CellOffset] or [u32 CellOffset, u32 hint]
        public const int EntryHint = 0x04; // inside an entry of a fast or hash leaf
    }

    private readonly ReadOnlySpan<byte> _cell;

    private SubkeyList(ReadOnlySpan<byte> cell) => _cell = cell;

    /// <summary>A view over the payload of a cell; false when it is no list, or its entries do not fit.</summary>
    public static bool TryRead(ReadOnlySpan<byte> cell, out SubkeyList list)
    {
        list = default;
        if (cell.Length < HeaderSize)
        {
            return false;
        }

        list = new SubkeyList(cell);
        return list.Kind is SubkeyListKind.IndexLeaf or SubkeyListKind.FastLeaf or SubkeyListKind.HashLeaf or SubkeyListKind.IndexRoot
            && list.Count * list.EntrySize <= cell.Length - HeaderSize;
    }

    public SubkeyListKind Kind => (SubkeyListKind)BinaryPrimitives.ReadUInt16LittleEndian(_cell);

    public int Count => BinaryPrimitives.ReadUInt16LittleEndian(_cell[Layout.Count..]);

    public int EntrySize => EntrySizeOf(Kind);

    public static int EntrySizeOf(SubkeyListKind kind) => kind is SubkeyListKind.FastLeaf or SubkeyListKind.HashLeaf ? 8 : 4;

    /// <summary>The key, or in an index root the leaf, at a place.</summary>
    public CellOffset this[int index] => new(BinaryPrimitives.ReadUInt32LittleEndian(_cell[(Layout.Entries + (index * EntrySize))..]));

    /// <summary>The hint or hash of an entry; only in fast and hash leaves.</summary>
    public uint Hint(int index) => BinaryPrimitives.ReadUInt32LittleEndian(_cell[(Layout.Entries + (index * 8) + Layout.EntryHint)..]);

    /// <summary>The bytes of the entries from one place up to another.</summary>
    public ReadOnlySpan<byte> Entries(int start, int end) => _cell.Slice(Layout.Entries + (start * EntrySize), (end - start) * EntrySize);
}
