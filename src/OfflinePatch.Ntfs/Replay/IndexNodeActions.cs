using System.Buffers.Binary;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Replay;

/// <summary>The operations on the entries of one node, in $INDEX_ROOT or in an index block; offsets count from the node header.</summary>
internal sealed class IndexNodeActions(ReplayTarget target, Memory<byte> node, int entryOffset)
{
    private const int DuplicateOffset = IndexEntry.Layout.Key + FileNameAttribute.Layout.Created;
    private const int DuplicateLength = FileNameAttribute.Layout.NameLength - FileNameAttribute.Layout.Created;

    private Span<byte> Node => node.Span;

    private int Used
    {
        get => BinaryPrimitives.ReadInt32LittleEndian(Node[IndexNodeHeader.Layout.Used..]);
        set => new IndexNodeWriter(Node).SetUsed(value);
    }

    private int Allocated
    {
        get => BinaryPrimitives.ReadInt32LittleEndian(Node[IndexNodeHeader.Layout.Allocated..]);
        set => new IndexNodeWriter(Node).SetAllocated(value);
    }

    /// <summary>How many more bytes the entries will need: what a root has to grow by.</summary>
    public int SizeChange(ReadOnlySpan<byte> bytes) => target.Operation switch
    {
        LogOperation.AddIndexEntryRoot => NewEntry(bytes).Length,
        LogOperation.DeleteIndexEntryRoot => -Entry(mayBeLast: false),
        _ => 0,
    };

    /// <summary>Changes the node. <paramref name="room"/>: by how much a root's room changes with it.</summary>
    public void Apply(ReadOnlySpan<byte> bytes, int room)
    {
        switch (target.Operation)
        {
            case LogOperation.AddIndexEntryRoot or LogOperation.AddIndexEntryAllocation:
                Insert(NewEntry(bytes), room);
                break;
            case LogOperation.DeleteIndexEntryRoot or LogOperation.DeleteIndexEntryAllocation:
                Remove(room);
                break;
            case LogOperation.WriteEndOfIndexBuffer:
                WriteEnd(bytes);
                break;
            case LogOperation.SetIndexEntryVcnRoot or LogOperation.SetIndexEntryVcnAllocation:
                var length = Entry(mayBeLast: true);
                if (bytes.Length < 8 || length < IndexEntry.Layout.Size + 8 || (Node[entryOffset + IndexEntry.Layout.Flags] & 1) == 0)
                {
                    throw target.Refuse("no sub-node there");
                }

                bytes[..8].CopyTo(Node[(entryOffset + length - 8)..]);
                break;
            case LogOperation.UpdateFileNameRoot or LogOperation.UpdateFileNameAllocation:
                Overwrite(DuplicateOffset,
                    bytes.Length >= DuplicateLength ? bytes[..DuplicateLength] : throw target.Refuse($"{bytes.Length} bytes"));
                break;
            case LogOperation.UpdateRecordDataRoot or LogOperation.UpdateRecordDataAllocation:
                _ = Entry(mayBeLast: false);
                Overwrite(BinaryPrimitives.ReadUInt16LittleEndian(Node[entryOffset..]), bytes);
                break;
            default:
                throw LogError.Operation(target.Record.Lsn, (int)target.Operation);
        }
    }

    private void Insert(ReadOnlySpan<byte> entry, int room)
    {
        _ = Entry(mayBeLast: true);
        var used = Used;
        Allocated += room;
        if (used + entry.Length > Math.Min(Allocated, Node.Length))
        {
            throw target.Refuse($"an entry of {entry.Length} bytes where {Allocated - used} are free");
        }

        Node[entryOffset..used].ToArray().CopyTo(Node[(entryOffset + entry.Length)..]);
        entry.CopyTo(Node[entryOffset..]);
        Used = used + entry.Length;
    }

    private void Remove(int room)
    {
        var length = Entry(mayBeLast: false);
        var used = Used;
        Node[(entryOffset + length)..used].ToArray().CopyTo(Node[entryOffset..]);
        Used = used - length;
        Allocated += room;
    }

    private void WriteEnd(ReadOnlySpan<byte> bytes)
    {
        _ = Entry(mayBeLast: true);
        if (entryOffset + bytes.Length > Math.Min(Allocated, Node.Length))
        {
            throw target.Refuse($"{bytes.Length} bytes at {entryOffset}");
        }

        bytes.CopyTo(Node[entryOffset..]);
        Used = entryOffset + bytes.Length;
    }

    private void Overwrite(int offset, ReadOnlySpan<byte> bytes)
    {
        if (offset + bytes.Length > Entry(mayBeLast: false))
        {
            throw target.Refuse($"{bytes.Length} bytes at {offset} of an entry");
        }

        bytes.CopyTo(Node[(entryOffset + offset)..]);
    }

    private ReadOnlySpan<byte> NewEntry(ReadOnlySpan<byte> bytes) =>
        IndexEntry.TryCreate(bytes, out var entry) ? entry.Bytes : throw target.Refuse("a broken entry");

    /// <summary>Length of the entry at the offset, which must be where one starts.</summary>
    private int Entry(bool mayBeLast)
    {
        if (Node.Length < IndexNodeHeader.Layout.Size || Used > Node.Length || Allocated > Node.Length || Used < 0)
        {
            throw target.Refuse("a broken node");
        }

        var at = (long)BinaryPrimitives.ReadUInt32LittleEndian(Node);
        while (at < Used && IndexEntry.TryCreate(Node[(int)at..Used], out var entry))
        {
            if (at == entryOffset && (mayBeLast || !entry.IsLast))
            {
                return entry.Length;
            }

            if (entry.IsLast || at > entryOffset)
            {
                break;
            }

            at += entry.Length;
        }

        throw target.Refuse($"no entry at 0x{entryOffset:X} of the node");
    }
}
