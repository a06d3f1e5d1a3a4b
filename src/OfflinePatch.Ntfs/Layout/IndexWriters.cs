using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>Writes the header of an $INDEX_ROOT value; the node that follows has a writer of its own.</summary>
internal readonly ref struct IndexRootWriter(Span<byte> value)
{
    private readonly Span<byte> _value = value;

    public void Initialise(AttributeType indexedType, CollationRule collation, int blockSize, int clustersPerBlock)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_value, (uint)indexedType);
        BinaryPrimitives.WriteUInt32LittleEndian(_value[IndexRootHeader.Layout.Collation..], (uint)collation);
        BinaryPrimitives.WriteInt32LittleEndian(_value[IndexRootHeader.Layout.BlockSize..], blockSize);
        _value[IndexRootHeader.Layout.ClustersPerBlock] = (byte)clustersPerBlock;
    }
}

/// <summary>Writes the header of an INDX block.</summary>
internal readonly ref struct IndexBlockWriter(Span<byte> block)
{
    private readonly Span<byte> _block = block;

    /// <summary>Fills an all-zero block with a header. Returns the offset of the first entry, counted from the node header.</summary>
    public int Initialise(long vcn)
    {
        var count = (_block.Length / UpdateSequence.Stride) + 1;
        IndexBlockLayout.IndexMagic.CopyTo(_block);
        BinaryPrimitives.WriteUInt16LittleEndian(_block[IndexBlockLayout.UpdateSequenceOffset..], IndexBlockLayout.UpdateSequenceArray);
        BinaryPrimitives.WriteUInt16LittleEndian(_block[IndexBlockLayout.UpdateSequenceCount..], (ushort)count);
        BinaryPrimitives.WriteInt64LittleEndian(_block[IndexBlockLayout.Vcn..], vcn);
        return ((IndexBlockLayout.UpdateSequenceArray + (2 * count) + 7) & ~7) - IndexBlockLayout.Node;
    }
}

/// <summary>Sets named fields of the header of a B-tree node; every other byte stays. Offsets count from the header.</summary>
internal readonly ref struct IndexNodeWriter(Span<byte> node)
{
    private readonly Span<byte> _node = node;

    /// <summary>Where the first entry stands, the entries end, and their room ends.</summary>
    public void SetEntries(int first, int used, int allocated)
    {
        Set(IndexNodeHeader.Layout.FirstEntry, first);
        SetUsed(used);
        SetAllocated(allocated);
    }

    public void SetUsed(int value) => Set(IndexNodeHeader.Layout.Used, value);

    public void SetAllocated(int value) => Set(IndexNodeHeader.Layout.Allocated, value);

    public void SetHasSubNodes(bool value) => _node[IndexNodeHeader.Layout.Flags] =
        (byte)((_node[IndexNodeHeader.Layout.Flags] & ~IndexNodeHeader.SubNodesFlag) | (value ? IndexNodeHeader.SubNodesFlag : 0));

    private void Set(int offset, int value) => BinaryPrimitives.WriteInt32LittleEndian(_node[offset..], value);
}

/// <summary>Sets named fields of an entry of a B-tree node; every other byte stays. The span is exactly the entry.</summary>
internal readonly ref struct IndexEntryWriter(Span<byte> entry)
{
    private readonly Span<byte> _entry = entry;

    /// <summary>Bytes of the sub-node's VCN, the last of an entry that has one.</summary>
    public const int SubNodeSize = 8;

    /// <summary>Writes the length of the span as that of the entry.</summary>
    public void SetLength() => Set(IndexEntry.Layout.Length, _entry.Length);

    public void SetFlags(IndexEntryFlags value) => Set(IndexEntry.Layout.Flags, (int)value);

    public IndexEntryFlags Flags => (IndexEntryFlags)BinaryPrimitives.ReadUInt16LittleEndian(_entry[IndexEntry.Layout.Flags..]);

    /// <summary>Directories: the file.</summary>
    public void SetReference(FileReference value) => BinaryPrimitives.WriteUInt64LittleEndian(_entry, value.Value);

    /// <summary>View indexes: copies the data to an offset.</summary>
    public void SetData(ReadOnlySpan<byte> data, int offset)
    {
        Set(IndexEntry.Layout.DataOffset, offset);
        Set(IndexEntry.Layout.DataLength, data.Length);
        data.CopyTo(_entry[offset..]);
    }

    public void SetKey(ReadOnlySpan<byte> key)
    {
        Set(IndexEntry.Layout.KeyLength, key.Length);
        key.CopyTo(_entry[IndexEntry.Layout.Key..]);
    }

    /// <summary>Only in an entry that has <see cref="IndexEntryFlags.SubNode"/>.</summary>
    public void SetSubNode(long vcn) => BinaryPrimitives.WriteInt64LittleEndian(_entry[^SubNodeSize..], vcn);

    private void Set(int offset, int value) => BinaryPrimitives.WriteUInt16LittleEndian(_entry[offset..], (ushort)value);
}
