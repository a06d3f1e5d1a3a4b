using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>Sets named fields of one attribute of a FILE record; every other byte stays.</summary>
internal readonly ref struct AttributeWriter(Span<byte> attribute)
{
    private readonly Span<byte> _attribute = attribute;

    public void SetLength(int value) => BinaryPrimitives.WriteInt32LittleEndian(_attribute[AttributeHeader.Layout.Length..], value);

    public void SetId(int value) => Set(AttributeHeader.Layout.Id, (ushort)value);

    /// <summary>Resident: marks the value as a key of an index.</summary>
    public void SetIndexed() => _attribute[AttributeHeader.Layout.IndexedFlag] = 1;

    /// <summary>Resident: where the value stands, and its bytes.</summary>
    public void SetValue(int offset, int length)
    {
        Set(AttributeHeader.Layout.ValueOffset, (ushort)offset);
        SetValueLength(length);
    }

    public void SetValueLength(int value) =>
        BinaryPrimitives.WriteInt32LittleEndian(_attribute[AttributeHeader.Layout.ValueLength..], value);

    /// <summary>Not resident: the clusters of this extent, and where their mapping pairs stand.</summary>
    public void SetExtent(long lowestVcn, long highestVcn, int mappingPairsOffset)
    {
        Set(AttributeHeader.Layout.LowestVcn, lowestVcn);
        SetHighestVcn(highestVcn);
        Set(AttributeHeader.Layout.MappingPairsOffset, (ushort)mappingPairsOffset);
    }

    public void SetHighestVcn(long value) => Set(AttributeHeader.Layout.HighestVcn, value);

    public void SetCompressionUnit(int value) => _attribute[AttributeHeader.Layout.CompressionUnit] = (byte)value;

    /// <summary>Not resident, first extent: bytes allocated, of the stream, and written.</summary>
    public void SetSizes(long allocated, long data, long initialized)
    {
        Set(AttributeHeader.Layout.AllocatedSize, allocated);
        Set(AttributeHeader.Layout.DataSize, data);
        Set(AttributeHeader.Layout.InitializedSize, initialized);
    }

    public void SetCompressedSize(long value) => Set(AttributeHeader.Layout.CompressedSize, value);

    /// <summary>Writes what every attribute begins with, and its name. The length is that of the whole span.</summary>
    public void Initialise(AttributeType type, bool isResident, AttributeFlags flags, string name, int nameOffset)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_attribute, (uint)type);
        SetLength(_attribute.Length);
        _attribute[AttributeHeader.Layout.NonResident] = isResident ? (byte)0 : (byte)1;
        _attribute[AttributeHeader.Layout.NameLength] = (byte)name.Length;
        Set(AttributeHeader.Layout.NameOffset, (ushort)nameOffset);
        Set(AttributeHeader.Layout.Flags, (ushort)flags);
        Utf16.Write(name, _attribute[nameOffset..]);
    }

    private void Set(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(_attribute[offset..], value);

    private void Set(int offset, long value) => BinaryPrimitives.WriteInt64LittleEndian(_attribute[offset..], value);
}
