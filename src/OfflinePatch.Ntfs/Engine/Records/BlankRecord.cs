using System.Buffers.Binary;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine.Records;

/// <summary>A formatted FILE record without attributes.</summary>
internal static class BlankRecord
{
    /// <summary>A formatted record that is not in use. Source: Linux-NTFS documentation, Fixup, FILE Record.</summary>
    public static void Write(byte[] bytes, long number, ushort sequence)
    {
        var size = bytes.Length;
        FileRecordHeader.FileMagic.CopyTo(bytes);
        var count = (size / UpdateSequence.Stride) + 1;
        var first = (FileRecordHeader.Layout.UpdateSequenceArray + (2 * count) + 7) & ~7;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.UpdateSequenceOffset),
            FileRecordHeader.Layout.UpdateSequenceArray);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.UpdateSequenceCount), (ushort)count);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.SequenceNumber), sequence);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.FirstAttribute), (ushort)first);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.BytesUsed),
            (uint)(first + FileRecordHeader.EndMarkerSize));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.BytesAllocated), (uint)size);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.RecordNumber), (uint)number);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(first), (uint)AttributeType.End);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.UpdateSequenceArray), 1);
    }
}
