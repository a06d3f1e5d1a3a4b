using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>Sets named fields of a FILE record; every other byte stays.</summary>
internal readonly ref struct FileRecordWriter(Span<byte> record)
{
    private readonly Span<byte> _record = record;

    public void SetSequenceNumber(ushort value) => Set(FileRecordHeader.Layout.SequenceNumber, value);

    public void SetLinkCount(int value) => Set(FileRecordHeader.Layout.LinkCount, (ushort)value);

    public void SetFlags(FileRecordFlags value) => Set(FileRecordHeader.Layout.Flags, (ushort)value);

    public void SetBytesUsed(int value) => BinaryPrimitives.WriteInt32LittleEndian(_record[FileRecordHeader.Layout.BytesUsed..], value);

    public void SetBaseReference(FileReference value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(_record[FileRecordHeader.Layout.BaseReference..], value.Value);

    public void SetNextAttributeId(int value) => Set(FileRecordHeader.Layout.NextAttributeId, (ushort)value);

    /// <summary>Marks the record as not in use, and raises its sequence number (never to 0).</summary>
    public void Release()
    {
        _record[FileRecordHeader.Layout.Flags] &= unchecked((byte)~FileRecordFlags.InUse);
        var sequence = BinaryPrimitives.ReadUInt16LittleEndian(_record[FileRecordHeader.Layout.SequenceNumber..]);
        SetSequenceNumber(sequence == ushort.MaxValue ? (ushort)1 : (ushort)(sequence + 1));
    }

    /// <summary>Puts the end marker after the last attribute, and counts it into the bytes in use.</summary>
    public void End(int offset)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_record[offset..], (uint)AttributeType.End);
        SetBytesUsed(offset + FileRecordHeader.EndMarkerSize);
    }

    /// <summary>Fills an all-zero record with a header and no attributes. Returns the offset of the first attribute.</summary>
    public int Initialise(long number, ushort sequence)
    {
        var count = (_record.Length / UpdateSequence.Stride) + 1;
        var first = (FileRecordHeader.Layout.UpdateSequenceArray + (2 * count) + 7) & ~7;
        FileRecordHeader.FileMagic.CopyTo(_record);
        Set(FileRecordHeader.Layout.UpdateSequenceOffset, FileRecordHeader.Layout.UpdateSequenceArray);
        Set(FileRecordHeader.Layout.UpdateSequenceCount, (ushort)count);
        SetSequenceNumber(sequence);
        Set(FileRecordHeader.Layout.FirstAttribute, (ushort)first);
        BinaryPrimitives.WriteInt32LittleEndian(_record[FileRecordHeader.Layout.BytesAllocated..], _record.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(_record[FileRecordHeader.Layout.RecordNumber..], (uint)number);
        End(first);
        return first;
    }

    private void Set(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(_record[offset..], value);
}
