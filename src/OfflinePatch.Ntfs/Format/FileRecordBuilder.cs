using System.Buffers.Binary;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Format;

/// <summary>
/// Builds one FILE record of a new volume, attribute by attribute in their order on disk. Source: Linux-NTFS documentation, FILE Record,
/// Attribute Header.
/// </summary>
internal sealed class FileRecordBuilder
{
    private readonly byte[] _record;
    private readonly int _clusterSize;
    private int _end;
    private ushort _nextId;

    public FileRecordBuilder(int recordSize, int clusterSize, long number, ushort sequence, FileRecordFlags flags, ushort links)
    {
        _record = new byte[recordSize];
        _clusterSize = clusterSize;
        var count = (recordSize / UpdateSequence.Stride) + 1;
        _end = (FileRecordHeader.Layout.UpdateSequenceArray + (2 * count) + 7) & ~7;
        FileRecordHeader.FileMagic.CopyTo(_record);
        Write16(FileRecordHeader.Layout.UpdateSequenceOffset, FileRecordHeader.Layout.UpdateSequenceArray);
        Write16(FileRecordHeader.Layout.UpdateSequenceCount, count);
        Write16(FileRecordHeader.Layout.SequenceNumber, sequence);
        Write16(FileRecordHeader.Layout.LinkCount, links);
        Write16(FileRecordHeader.Layout.FirstAttribute, _end);
        Write16(FileRecordHeader.Layout.Flags, (ushort)flags);
        Write32(FileRecordHeader.Layout.BytesAllocated, recordSize);
        Write32(FileRecordHeader.Layout.RecordNumber, (int)number);
    }

    /// <summary>Adds a resident attribute.</summary>
    public FileRecordBuilder Resident(AttributeType type, string name, ReadOnlySpan<byte> value)
    {
        var valueOffset = (AttributeHeader.Layout.ResidentSize + (2 * name.Length) + 7) & ~7;
        var at = Start(type, name, AttributeHeader.Layout.ResidentSize, (valueOffset + value.Length + 7) & ~7);
        Write32(at + AttributeHeader.Layout.ValueLength, value.Length);
        Write16(at + AttributeHeader.Layout.ValueOffset, valueOffset);
        _record[at + AttributeHeader.Layout.IndexedFlag] = (byte)(type == AttributeType.FileName ? 1 : 0);
        value.CopyTo(_record.AsSpan(at + valueOffset));
        return this;
    }

    /// <summary>Adds a non-resident attribute of one run.</summary>
    public FileRecordBuilder NonResident(AttributeType type, string name, Extent extent) =>
        NonResident(type, name, extent.Count, extent.Start, extent.DataSize, extent.DataSize);

    /// <summary>Adds a stream that is one hole: $BadClus:$Bad, the size of the volume.</summary>
    public FileRecordBuilder Hole(AttributeType type, string name, long clusters) =>
        NonResident(type, name, clusters, start: -1, clusters * _clusterSize, initialized: 0);

    /// <summary>The record, with its update sequence in place.</summary>
    public byte[] Finish()
    {
        Write32(_end, -1);
        Write16(FileRecordHeader.Layout.NextAttributeId, _nextId);
        Write32(FileRecordHeader.Layout.BytesUsed, _end + FileRecordHeader.EndMarkerSize);
        UpdateSequence.TryEncode(_record);
        return _record;
    }

    private FileRecordBuilder NonResident(AttributeType type, string name, long clusters, long start, long size, long initialized)
    {
        Span<byte> pairs = stackalloc byte[24];
        var pairsLength = Encode(pairs, clusters, start);
        var pairsOffset = (AttributeHeader.Layout.NonResidentSize + (2 * name.Length) + 7) & ~7;
        var at = Start(type, name, AttributeHeader.Layout.NonResidentSize, (pairsOffset + pairsLength + 7) & ~7);
        _record[at + AttributeHeader.Layout.NonResident] = 1;
        Write64(at + AttributeHeader.Layout.HighestVcn, clusters - 1);
        Write16(at + AttributeHeader.Layout.MappingPairsOffset, pairsOffset);
        Write64(at + AttributeHeader.Layout.AllocatedSize, clusters * _clusterSize);
        Write64(at + AttributeHeader.Layout.DataSize, size);
        Write64(at + AttributeHeader.Layout.InitializedSize, initialized);
        pairs[..pairsLength].CopyTo(_record.AsSpan(at + pairsOffset));
        return this;
    }

    private int Start(AttributeType type, string name, int nameOffset, int length)
    {
        if (_end + length + FileRecordHeader.EndMarkerSize > _record.Length)
        {
            throw new InvalidOperationException($"A new FILE record has no room for {type}.");
        }

        var at = _end;
        Write32(at, (int)type);
        Write32(at + AttributeHeader.Layout.Length, length);
        _record[at + AttributeHeader.Layout.NameLength] = (byte)name.Length;
        Write16(at + AttributeHeader.Layout.NameOffset, nameOffset);
        Write16(at + AttributeHeader.Layout.Id, _nextId++);
        Utf16.Write(name, _record.AsSpan(at + nameOffset));
        _end += length;
        return at;
    }

    /// <summary>
    /// One run and the end mark. Both numbers keep their top bit clear, as signed numbers (chkdsk insists on it for the length).
    /// </summary>
    private static int Encode(Span<byte> pairs, long clusters, long start)
    {
        var lengthBytes = SignedBytes(clusters);
        var startBytes = start < 0 ? 0 : SignedBytes(start);
        pairs.Clear();
        pairs[0] = (byte)((startBytes << 4) | lengthBytes);
        for (var i = 0; i < lengthBytes; i++)
        {
            pairs[1 + i] = (byte)((clusters >> (8 * i)) & 0xFF);
        }

        for (var i = 0; i < startBytes; i++)
        {
            pairs[1 + lengthBytes + i] = (byte)((start >> (8 * i)) & 0xFF);
        }

        return 1 + lengthBytes + startBytes + 1;
    }

    private static int SignedBytes(long value)
    {
        var bytes = 1;
        while (value >= 1L << ((8 * bytes) - 1))
        {
            bytes++;
        }

        return bytes;
    }

    private void Write16(int offset, int value) => BinaryPrimitives.WriteUInt16LittleEndian(_record.AsSpan(offset), (ushort)value);

    private void Write32(int offset, int value) => BinaryPrimitives.WriteInt32LittleEndian(_record.AsSpan(offset), value);

    private void Write64(int offset, long value) => BinaryPrimitives.WriteInt64LittleEndian(_record.AsSpan(offset), value);
}
