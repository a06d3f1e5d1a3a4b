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
        var writer = new FileRecordWriter(_record);
        _end = writer.Initialise(number, sequence);
        writer.SetLinkCount(links);
        writer.SetFlags(flags);
    }

    /// <summary>Adds a resident attribute.</summary>
    public FileRecordBuilder Resident(AttributeType type, string name, ReadOnlySpan<byte> value)
    {
        var valueOffset = (AttributeHeader.Layout.ResidentSize + (2 * name.Length) + 7) & ~7;
        var at = Start(type, isResident: true, name, AttributeHeader.Layout.ResidentSize, (valueOffset + value.Length + 7) & ~7);
        var writer = new AttributeWriter(_record.AsSpan(at));
        writer.SetValue(valueOffset, value.Length);
        if (type == AttributeType.FileName)
        {
            writer.SetIndexed();
        }

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
        var writer = new FileRecordWriter(_record);
        writer.End(_end);
        writer.SetNextAttributeId(_nextId);
        UpdateSequence.TryEncode(_record);
        return _record;
    }

    private FileRecordBuilder NonResident(AttributeType type, string name, long clusters, long start, long size, long initialized)
    {
        Span<byte> pairs = stackalloc byte[24];
        var pairsLength = Encode(pairs, clusters, start);
        var pairsOffset = (AttributeHeader.Layout.NonResidentSize + (2 * name.Length) + 7) & ~7;
        var at = Start(type, isResident: false, name, AttributeHeader.Layout.NonResidentSize, (pairsOffset + pairsLength + 7) & ~7);
        var writer = new AttributeWriter(_record.AsSpan(at));
        writer.SetExtent(lowestVcn: 0, clusters - 1, pairsOffset);
        writer.SetSizes(clusters * _clusterSize, size, initialized);
        pairs[..pairsLength].CopyTo(_record.AsSpan(at + pairsOffset));
        return this;
    }

    private int Start(AttributeType type, bool isResident, string name, int nameOffset, int length)
    {
        if (_end + length + FileRecordHeader.EndMarkerSize > _record.Length)
        {
            throw new InvalidOperationException($"A new FILE record has no room for {type}.");
        }

        var at = _end;
        var writer = new AttributeWriter(_record.AsSpan(at, length));
        writer.Initialise(type, isResident, AttributeFlags.None, name, nameOffset);
        writer.SetId(_nextId++);
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
}
