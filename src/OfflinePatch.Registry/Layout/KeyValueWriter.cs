using System.Buffers.Binary;

namespace OfflinePatch.Registry.Layout;

/// <summary>Sets named fields of a value; every other byte stays.</summary>
internal readonly ref struct KeyValueWriter(Span<byte> cell)
{
    private readonly Span<byte> _cell = cell;

    public void SetType(uint value) => Set(KeyValue.Layout.Type, value);

    /// <summary>Data of 0 to 4 bytes, in the value itself.</summary>
    public void SetInline(ReadOnlySpan<byte> content)
    {
        Set(KeyValue.Layout.DataLength, KeyValue.InlineFlag | (uint)content.Length);
        Set(KeyValue.Layout.Data, 0);
        content.CopyTo(_cell[KeyValue.Layout.Data..]);
    }

    public void SetData(uint length, CellOffset data)
    {
        Set(KeyValue.Layout.DataLength, length);
        Set(KeyValue.Layout.Data, data.Value);
    }

    /// <summary>Fills an all-zero cell with a name; the default value has none.</summary>
    public void Initialise(string name, bool compressed)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_cell, KeyValue.SignatureValue);
        BinaryPrimitives.WriteUInt16LittleEndian(_cell[KeyValue.Layout.Flags..], compressed
            && name.Length > 0 ? KeyValue.CompressedName : (ushort)0);
        var bytes = StoredName.Encode(name, compressed, _cell[KeyValue.Layout.Name..]);
        BinaryPrimitives.WriteUInt16LittleEndian(_cell[KeyValue.Layout.NameLength..], (ushort)bytes);
    }

    private void Set(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_cell[offset..], value);
}
