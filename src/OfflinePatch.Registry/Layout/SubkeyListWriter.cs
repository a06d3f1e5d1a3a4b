using System.Buffers.Binary;

namespace OfflinePatch.Registry.Layout;

/// <summary>Writes a subkey list in its cell.</summary>
internal readonly ref struct SubkeyListWriter(Span<byte> cell)
{
    private readonly Span<byte> _cell = cell;

    public void SetHeader(SubkeyListKind kind, int count)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_cell, (ushort)kind);
        SetCount(count);
    }

    public void SetCount(int count) => BinaryPrimitives.WriteUInt16LittleEndian(_cell[SubkeyList.Layout.Count..], (ushort)count);

    /// <summary>Copies entries of the same kind to a place.</summary>
    public void SetEntries(int index, int entrySize, ReadOnlySpan<byte> entries) =>
        entries.CopyTo(_cell[(SubkeyList.Layout.Entries + (index * entrySize))..]);

    public void SetEntry(int index, int entrySize, CellOffset target, uint hint)
    {
        var entry = _cell.Slice(SubkeyList.Layout.Entries + (index * entrySize), entrySize);
        BinaryPrimitives.WriteUInt32LittleEndian(entry, target.Value);
        if (entrySize == 8)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(entry[SubkeyList.Layout.EntryHint..], hint);
        }
    }
}
