using System.Buffers.Binary;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Replay;

/// <summary>
/// The operations on FILE records, on a decoded record. Each checks that its target is what the log expects. Source: Linux-NTFS
/// documentation, $LogFile; semantics from ntfs3 (facts).
/// </summary>
internal sealed class FileRecordActions(ReplayTarget target, byte[] record)
{
    private LogRecord Log => target.Record;

    private int Used
    {
        get => BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(FileRecordHeader.Layout.BytesUsed));
        set => new FileRecordWriter(record).SetBytesUsed(value);
    }

    /// <summary>Whether the record must be a valid FILE record before.</summary>
    public static bool NeedsRecord(LogOperation operation) => operation != LogOperation.InitializeFileRecordSegment;

    public void Apply(ReadOnlySpan<byte> bytes)
    {
        switch (target.Operation)
        {
            case LogOperation.InitializeFileRecordSegment:
                Initialize(bytes);
                break;
            case LogOperation.DeallocateFileRecordSegment:
                new FileRecordWriter(record).Release();
                break;
            case LogOperation.WriteEndOfFileRecordSegment:
                WriteEnd(bytes);
                break;
            case LogOperation.CreateAttribute:
                Create(bytes);
                break;
            case LogOperation.DeleteAttribute:
                Delete();
                break;
            case LogOperation.UpdateResidentValue:
                UpdateResident(bytes);
                break;
            case LogOperation.UpdateMappingPairs:
                UpdateMappingPairs(bytes);
                break;
            case LogOperation.SetNewAttributeSizes:
                SetSizes(bytes);
                break;
            case LogOperation.ZeroEndOfFileRecord:
                ZeroEnd(bytes.Length);
                break;
            default:
                ChangeRoot(bytes);
                break;
        }
    }

    private void Initialize(ReadOnlySpan<byte> bytes)
    {
        if (Log.RecordOffset + bytes.Length > record.Length)
        {
            throw target.Refuse($"{bytes.Length} bytes at {Log.RecordOffset}");
        }

        bytes.CopyTo(record.AsSpan(Log.RecordOffset));
        if (!FileRecord.TryCreate(record, 0, out _, out var problem))
        {
            throw target.Refuse(problem);
        }
    }

    private void WriteEnd(ReadOnlySpan<byte> bytes)
    {
        AttributeAt(mayBeEnd: true);
        if (Log.RecordOffset + bytes.Length > record.Length)
        {
            throw target.Refuse($"{bytes.Length} bytes at {Log.RecordOffset}");
        }

        bytes.CopyTo(record.AsSpan(Log.RecordOffset));
        Used = (Log.RecordOffset + bytes.Length + 7) & ~7;
    }

    private void Create(ReadOnlySpan<byte> bytes)
    {
        var at = AttributeAt(mayBeEnd: true);
        if (!AttributeHeader.TryCreate(bytes, out var attribute, out var problem))
        {
            throw target.Refuse(problem);
        }

        Resize(at, 0, attribute.Length);
        attribute.Bytes.CopyTo(record.AsSpan(at));
        var nextId = BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(FileRecordHeader.Layout.NextAttributeId));
        if (nextId <= attribute.Id)
        {
            new FileRecordWriter(record).SetNextAttributeId(attribute.Id + 1);
        }

        AddLinks(attribute.IsResident && attribute.Bytes[AttributeHeader.Layout.IndexedFlag] != 0 ? 1 : 0);
    }

    private void Delete()
    {
        var at = AttributeAt(mayBeEnd: false);
        var length = AttributeLength(at);
        AddLinks(record[at + AttributeHeader.Layout.NonResident] == 0 && record[at + AttributeHeader.Layout.IndexedFlag] != 0 ? -1 : 0);
        Resize(at, length, 0);
    }

    private void UpdateResident(ReadOnlySpan<byte> bytes)
    {
        var at = AttributeAt(mayBeEnd: false);
        var length = AttributeLength(at);
        var end = Log.AttributeOffset + bytes.Length;
        if (Log.KeepsLength)
        {
            if (end > length)
            {
                throw target.Refuse($"{bytes.Length} bytes at {Log.AttributeOffset} in an attribute of {length}");
            }

            bytes.CopyTo(record.AsSpan(at + Log.AttributeOffset));
            return;
        }

        int valueOffset = BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(at + AttributeHeader.Layout.ValueOffset));
        if (record[at + AttributeHeader.Layout.NonResident] != 0 || end < valueOffset || Log.AttributeOffset > length)
        {
            throw target.Refuse("no resident value there");
        }

        var newLength = (end + 7) & ~7;
        Resize(at, length, newLength);
        bytes.CopyTo(record.AsSpan(at + Log.AttributeOffset));
        record.AsSpan(at + end, newLength - end).Clear();
        var writer = new AttributeWriter(record.AsSpan(at));
        writer.SetLength(newLength);
        writer.SetValueLength(end - valueOffset);
    }

    private void UpdateMappingPairs(ReadOnlySpan<byte> bytes)
    {
        var at = AttributeAt(mayBeEnd: false);
        var length = AttributeLength(at);
        int pairs = BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(at + AttributeHeader.Layout.MappingPairsOffset));
        if (record[at + AttributeHeader.Layout.NonResident] == 0 || Log.AttributeOffset < pairs || Log.AttributeOffset > length)
        {
            throw target.Refuse("no mapping pairs there");
        }

        var end = Log.AttributeOffset + bytes.Length;
        var newLength = (end + 7) & ~7;
        Resize(at, length, newLength);
        bytes.CopyTo(record.AsSpan(at + Log.AttributeOffset));
        record.AsSpan(at + end, newLength - end).Clear();
        var writer = new AttributeWriter(record.AsSpan(at));
        writer.SetLength(newLength);
        var lowest = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(at + AttributeHeader.Layout.LowestVcn));
        var runs = new List<StreamRun>();
        if (lowest < 0 || RunDecoder.Decode(record.AsSpan((at + pairs)..(at + newLength)), lowest, long.MaxValue, runs) is not null)
        {
            throw target.Refuse("broken mapping pairs");
        }

        writer.SetHighestVcn((runs.Count == 0 ? lowest : runs[^1].EndVcn) - 1);
    }

    /// <summary>Allocated, written, data, and where given the sum of what clusters hold.</summary>
    private void SetSizes(ReadOnlySpan<byte> bytes)
    {
        var at = AttributeAt(mayBeEnd: false);
        if (record[at + AttributeHeader.Layout.NonResident] == 0 || bytes.Length < 24)
        {
            throw target.Refuse("no non-resident attribute there");
        }

        bytes[..8].CopyTo(record.AsSpan(at + AttributeHeader.Layout.AllocatedSize));
        bytes.Slice(8, 8).CopyTo(record.AsSpan(at + AttributeHeader.Layout.InitializedSize));
        bytes.Slice(16, 8).CopyTo(record.AsSpan(at + AttributeHeader.Layout.DataSize));
        if (bytes.Length >= 32 && AttributeLength(at) >= AttributeHeader.Layout.NonResidentCompressedSize
            && BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(at + AttributeHeader.Layout.MappingPairsOffset))
                >= AttributeHeader.Layout.NonResidentCompressedSize
            && (BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(at + AttributeHeader.Layout.Flags)) & 0x8001) != 0)
        {
            bytes.Slice(24, 8).CopyTo(record.AsSpan(at + AttributeHeader.Layout.CompressedSize));
        }
    }

    private void ZeroEnd(int length)
    {
        if (Log.RecordOffset < Used || Log.RecordOffset + length > record.Length)
        {
            throw target.Refuse($"{length} bytes at {Log.RecordOffset}, {Used} in use");
        }

        record.AsSpan(Log.RecordOffset, length).Clear();
    }

    private void ChangeRoot(ReadOnlySpan<byte> bytes)
    {
        var at = AttributeAt(mayBeEnd: false);
        if (BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(at)) != (uint)AttributeType.IndexRoot)
        {
            throw target.Refuse("no $INDEX_ROOT there");
        }

        var length = AttributeLength(at);
        int valueOffset = BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(at + AttributeHeader.Layout.ValueOffset));
        var node = valueOffset + IndexRootHeader.Layout.Node;
        if (node + IndexNodeHeader.Layout.Size > length)
        {
            throw target.Refuse("a short $INDEX_ROOT");
        }

        var entries = new IndexNodeActions(target, record.AsMemory(at + node, length - node), Log.AttributeOffset - node);
        var change = entries.SizeChange(bytes);
        if (change > 0)
        {
            Resize(at, length, length + change);
            new AttributeWriter(record.AsSpan(at)).SetLength(length + change);
            entries = new IndexNodeActions(target, record.AsMemory(at + node, length + change - node), Log.AttributeOffset - node);
        }

        entries.Apply(bytes, room: change);
        if (change < 0)
        {
            // the freed bytes are at the end of the node, and of the attribute
            new AttributeWriter(record.AsSpan(at)).SetLength(length + change);
            var tail = Used - (at + length);
            record.AsSpan(at + length, tail).CopyTo(record.AsSpan(at + length + change));
            Used += change;
        }

        new AttributeWriter(record.AsSpan(at)).SetValueLength(
            BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(at + AttributeHeader.Layout.ValueLength)) + change);
    }

    /// <summary>The record offset of the log record, which must be where an attribute starts, or the end mark.</summary>
    private int AttributeAt(bool mayBeEnd)
    {
        int at = BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(FileRecordHeader.Layout.FirstAttribute));
        var used = Used;
        if (used > record.Length || used < 0)
        {
            throw target.Refuse($"{used} bytes in use");
        }

        while (at + 4 <= used)
        {
            var isEnd = BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(at)) == (uint)AttributeType.End;
            if (at == Log.RecordOffset && (mayBeEnd || !isEnd))
            {
                return at;
            }

            if (isEnd || at > Log.RecordOffset || !AttributeHeader.TryCreate(record.AsSpan(at, used - at), out var attribute, out _))
            {
                break;
            }

            at += attribute.Length;
        }

        throw target.Refuse($"no attribute at 0x{Log.RecordOffset:X}");
    }

    private int AttributeLength(int at) =>
        AttributeHeader.TryCreate(record.AsSpan(at, Used - at), out var attribute, out var problem) ? attribute.Length
            : throw target.Refuse(problem);

    private void Resize(int at, int length, int newLength)
    {
        var used = Used;
        if (used + newLength - length > record.Length || used - at - length < 0)
        {
            throw target.Refuse($"{newLength - length} more bytes where {record.Length - used} are free");
        }

        record.AsSpan(at + length, used - at - length).ToArray().CopyTo(record, at + newLength);
        Used = used + newLength - length;
    }

    private void AddLinks(int count)
    {
        var links = BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(FileRecordHeader.Layout.LinkCount)) + count;
        new FileRecordWriter(record).SetLinkCount(Math.Clamp(links, 0, ushort.MaxValue));
    }
}
