using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>Collation rules of an index. Source: ntfs-3g layout.h COLLATION_RULES (facts).</summary>
internal enum CollationRule : uint
{
    /// <summary>Bytes.</summary>
    Binary = 0,

    /// <summary>$FILE_NAME: upcased names.</summary>
    FileName = 1,

    /// <summary>One u32 ($SII).</summary>
    UnsignedLong = 0x10,

    /// <summary>A SID.</summary>
    Sid = 0x11,

    /// <summary>Hash, then security id ($SDH).</summary>
    SecurityHash = 0x12,

    /// <summary>Several u32 ($O, $R).</summary>
    UnsignedLongs = 0x13,
}

/// <summary>The value of $INDEX_ROOT. Source: Linux-NTFS documentation, Index Record.</summary>
internal readonly ref struct IndexRootHeader
{
    private readonly ReadOnlySpan<byte> _bytes;

    private IndexRootHeader(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Offsets; one line per field: type, name.</summary>
    public static class Layout
    {
        /// <summary>u32, type of the indexed attribute: 30 for directories, else 0.</summary>
        public const int IndexedType = 0x00;

        /// <summary>u32, <see cref="CollationRule"/>.</summary>
        public const int Collation = 0x04;

        /// <summary>u32, bytes per index block.</summary>
        public const int BlockSize = 0x08;

        /// <summary>u8, clusters per block where a cluster is not larger than a block, else block / 512.</summary>
        public const int ClustersPerBlock = 0x0C;

        /// <summary>The node header.</summary>
        public const int Node = 0x10;

        /// <summary>Bytes with the node header.</summary>
        public const int Size = 0x20;
    }

    /// <summary>A view; false when <paramref name="value"/> is shorter than the header.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> value, out IndexRootHeader view)
    {
        view = new IndexRootHeader(value);
        return value.Length >= Layout.Size;
    }

    /// <summary>Indexed attribute.</summary>
    public AttributeType IndexedType => (AttributeType)BinaryPrimitives.ReadUInt32LittleEndian(_bytes);

    /// <summary>Collation.</summary>
    public CollationRule Collation => (CollationRule)BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.Collation..]);

    /// <summary>Bytes per block, unchecked.</summary>
    public uint BlockSize => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.BlockSize..]);

    /// <summary>Clusters, or 512-byte units, per block.</summary>
    public byte ClustersPerBlock => _bytes[Layout.ClustersPerBlock];
}

/// <summary>
/// The header of a B-tree node, in $INDEX_ROOT at 0x10 and in an INDX block at 0x18. Offsets in it count from its own start.
/// </summary>
internal readonly ref struct IndexNodeHeader
{
    private readonly ReadOnlySpan<byte> _bytes;

    private IndexNodeHeader(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Offsets; one line per field: type, name.</summary>
    public static class Layout
    {
        /// <summary>u32, offset of the first entry.</summary>
        public const int FirstEntry = 0x00;

        /// <summary>u32, end of the entries.</summary>
        public const int Used = 0x04;

        /// <summary>u32, end of the room for entries.</summary>
        public const int Allocated = 0x08;

        /// <summary>u32, bit 0: entries have sub-nodes.</summary>
        public const int Flags = 0x0C;

        /// <summary>Bytes.</summary>
        public const int Size = 0x10;
    }

    /// <summary>The bit of <see cref="Layout.Flags"/>: entries have sub-nodes.</summary>
    public const int SubNodesFlag = 1;

    /// <summary>A view; false when the entries do not lie inside <paramref name="bytes"/> (which starts at the node header).</summary>
    public static bool TryCreate(ReadOnlySpan<byte> bytes, out IndexNodeHeader view)
    {
        view = new IndexNodeHeader(bytes);
        return bytes.Length >= Layout.Size && view.Used <= bytes.Length && view.FirstEntry >= Layout.Size && view.FirstEntry <= view.Used
            && view.FirstEntry % 8 == 0;
    }

    /// <summary>Offset of the first entry.</summary>
    public uint FirstEntry => BinaryPrimitives.ReadUInt32LittleEndian(_bytes);

    /// <summary>End of the entries.</summary>
    public uint Used => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.Used..]);

    /// <summary>End of the room.</summary>
    public uint Allocated => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.Allocated..]);

    /// <summary>Whether entries have sub-nodes.</summary>
    public bool HasSubNodes => (_bytes[Layout.Flags] & SubNodesFlag) != 0;
}

/// <summary>Offsets of an INDX block, one node of $INDEX_ALLOCATION. Source: Linux-NTFS documentation, Index Record.</summary>
internal static class IndexBlockLayout
{
    /// <summary>4 bytes, <c>INDX</c>.</summary>
    public const int Magic = 0x00;

    /// <summary>u16, offset of the update sequence array: 0x28.</summary>
    public const int UpdateSequenceOffset = 0x04;

    /// <summary>u16, entries of it.</summary>
    public const int UpdateSequenceCount = 0x06;

    /// <summary>u64, LSN.</summary>
    public const int LogSequenceNumber = 0x08;

    /// <summary>u64, VCN of this block.</summary>
    public const int Vcn = 0x10;

    /// <summary>The node header.</summary>
    public const int Node = 0x18;

    /// <summary>Where the update sequence array starts.</summary>
    public const int UpdateSequenceArray = 0x28;

    /// <summary>The magic.</summary>
    public static ReadOnlySpan<byte> IndexMagic => "INDX"u8;
}

/// <summary>Flags of an index entry.</summary>
[Flags]
internal enum IndexEntryFlags : ushort
{
    /// <summary>A leaf entry.</summary>
    None = 0,

    /// <summary>Its last 8 bytes are the VCN of the node with the smaller keys.</summary>
    SubNode = 1,

    /// <summary>The last entry: no key.</summary>
    Last = 2,
}

/// <summary>One entry of a B-tree node. Source: Linux-NTFS documentation, Index Record, $Secure.</summary>
internal readonly ref struct IndexEntry
{
    private readonly ReadOnlySpan<byte> _bytes;

    private IndexEntry(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Offsets; one line per field: type, name.</summary>
    public static class Layout
    {
        /// <summary>u64, directories: the file reference.</summary>
        public const int Reference = 0x00;

        /// <summary>u16, view indexes: offset of the data.</summary>
        public const int DataOffset = 0x00;

        /// <summary>u16, view indexes: bytes of the data.</summary>
        public const int DataLength = 0x02;

        /// <summary>u16, bytes of the entry, a multiple of 8.</summary>
        public const int Length = 0x08;

        /// <summary>u16, bytes of the key.</summary>
        public const int KeyLength = 0x0A;

        /// <summary>u16, <see cref="IndexEntryFlags"/>.</summary>
        public const int Flags = 0x0C;

        /// <summary>The key.</summary>
        public const int Key = 0x10;

        /// <summary>Bytes of an entry without key.</summary>
        public const int Size = 0x10;
    }

    /// <summary>
    /// The entry that starts at <paramref name="bytes"/>; false when it does not fit, or its key or sub-node do not fit into it.
    /// </summary>
    public static bool TryCreate(ReadOnlySpan<byte> bytes, out IndexEntry entry)
    {
        entry = default;
        if (bytes.Length < Layout.Size)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16LittleEndian(bytes[Layout.Length..]);
        if (length < Layout.Size || length % 8 != 0 || length > bytes.Length)
        {
            return false;
        }

        entry = new IndexEntry(bytes[..length]);
        var tail = entry.HasSubNode ? 8 : 0;
        return Layout.Size + tail <= length && (entry.IsLast || Layout.Key + entry.KeyLength + tail <= length);
    }

    /// <summary>All bytes of the entry.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Bytes of the entry.</summary>
    public int Length => _bytes.Length;

    /// <summary>Directories: the file.</summary>
    public FileReference Reference => new(BinaryPrimitives.ReadUInt64LittleEndian(_bytes));

    /// <summary>Bytes of the key.</summary>
    public int KeyLength => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.KeyLength..]);

    /// <summary>Flags.</summary>
    public IndexEntryFlags Flags => (IndexEntryFlags)BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.Flags..]);

    /// <summary>Whether it ends the node.</summary>
    public bool IsLast => (Flags & IndexEntryFlags.Last) != 0;

    /// <summary>Whether it has a sub-node.</summary>
    public bool HasSubNode => (Flags & IndexEntryFlags.SubNode) != 0;

    /// <summary>The key; empty in the last entry.</summary>
    public ReadOnlySpan<byte> Key => IsLast ? default : _bytes.Slice(Layout.Key, KeyLength);

    /// <summary>The sub-node's VCN; only where <see cref="HasSubNode"/>.</summary>
    public long SubNode => BinaryPrimitives.ReadInt64LittleEndian(_bytes[^8..]);

    /// <summary>View indexes: the data that belongs to the key; empty when it does not lie inside the entry.</summary>
    public ReadOnlySpan<byte> ViewValue
    {
        get
        {
            int offset = BinaryPrimitives.ReadUInt16LittleEndian(_bytes);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.DataLength..]);
            return offset + length <= _bytes.Length ? _bytes.Slice(offset, length) : default;
        }
    }
}
