using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>Writes an entry of $ATTRIBUTE_LIST; the span is exactly the entry.</summary>
internal readonly ref struct AttributeListEntryWriter(Span<byte> entry)
{
    private readonly Span<byte> _entry = entry;

    public void Initialise(AttributeType type, string name, long lowestVcn, FileReference record, int id)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_entry, (uint)type);
        BinaryPrimitives.WriteUInt16LittleEndian(_entry[AttributeListEntry.Layout.Length..], (ushort)_entry.Length);
        _entry[AttributeListEntry.Layout.NameLength] = (byte)name.Length;
        _entry[AttributeListEntry.Layout.NameOffset] = AttributeListEntry.Layout.Name;
        BinaryPrimitives.WriteInt64LittleEndian(_entry[AttributeListEntry.Layout.LowestVcn..], lowestVcn);
        BinaryPrimitives.WriteUInt64LittleEndian(_entry[AttributeListEntry.Layout.Reference..], record.Value);
        BinaryPrimitives.WriteUInt16LittleEndian(_entry[AttributeListEntry.Layout.Id..], (ushort)id);
        Utf16.Write(name, _entry[AttributeListEntry.Layout.Name..]);
    }
}
