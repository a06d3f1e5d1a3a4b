using System.Buffers.Binary;

namespace OfflinePatch.Registry.Layout;

/// <summary>Sets named fields of a key node; every other byte stays.</summary>
internal readonly ref struct KeyNodeWriter(Span<byte> cell)
{
    private readonly Span<byte> _cell = cell;

    public void SetLastWriteTime(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(_cell[KeyNode.Layout.LastWriteTime..], value);

    public void SetSubkeys(uint count, CellOffset list)
    {
        Set(KeyNode.Layout.SubkeyCount, count);
        Set(KeyNode.Layout.SubkeyList, list.Value);
    }

    public void SetValues(uint count, CellOffset list)
    {
        Set(KeyNode.Layout.ValueCount, count);
        Set(KeyNode.Layout.ValueList, list.Value);
    }

    public void SetSecurity(CellOffset value) => Set(KeyNode.Layout.Security, value.Value);

    public void SetMaximumSubkeyName(ushort bytes) =>
        BinaryPrimitives.WriteUInt16LittleEndian(_cell[KeyNode.Layout.MaximumSubkeyName..], bytes);

    public void SetMaximumValueName(uint bytes) => Set(KeyNode.Layout.MaximumValueName, bytes);

    public void SetMaximumValueData(uint bytes) => Set(KeyNode.Layout.MaximumValueData, bytes);

    /// <summary>Fills an all-zero cell with a key that has no subkeys and values.</summary>
    public void Initialise(KeyNodeFlags flags, ulong lastWriteTime, CellOffset parent, CellOffset security, CellOffset className,
        ushort classLength)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_cell, KeyNode.SignatureValue);
        BinaryPrimitives.WriteUInt16LittleEndian(_cell[KeyNode.Layout.Flags..], (ushort)flags);
        SetLastWriteTime(lastWriteTime);
        Set(KeyNode.Layout.Parent, parent.Value);
        SetSubkeys(0, CellOffset.Nil);
        Set(KeyNode.Layout.VolatileSubkeyList, CellOffset.Nil.Value);
        SetValues(0, CellOffset.Nil);
        SetSecurity(security);
        Set(KeyNode.Layout.ClassName, className.Value);
        BinaryPrimitives.WriteUInt16LittleEndian(_cell[KeyNode.Layout.ClassLength..], classLength);
    }

    /// <summary>Writes the name after the header.</summary>
    public void SetName(string name, bool compressed)
    {
        var bytes = StoredName.Encode(name, compressed, _cell[KeyNode.Layout.Name..]);
        BinaryPrimitives.WriteUInt16LittleEndian(_cell[KeyNode.Layout.NameLength..], (ushort)bytes);
    }

    private void Set(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_cell[offset..], value);
}
