using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Records;

/// <summary>
/// $MFT as an array of decoded FILE records. Clean records are read in chunks of 64 KiB of which a bounded number is kept; changed
/// records stay until they are flushed.
/// </summary>
internal sealed class RecordStore(RunDevice device, ChangeCounter changes)
{
    private const int ChunkBytes = 64 * 1024;

    /// <summary>Chunks kept: 8 MiB, so that a walk in directory order finds most of its records in memory.</summary>
    private const int MaxChunks = 128;

    /// <summary>
    /// Buffers that rest before they are used again: a span over a chunk outlives its eviction only for the rest of one operation, which
    /// reads a few chunks at most.
    /// </summary>
    private const int RestingBuffers = 32;

    private readonly Dictionary<long, Chunk> _chunks = [];
    private readonly Queue<long> _order = [];
    private readonly Dictionary<long, byte[]> _dirty = [];
    private readonly HashSet<long> _touched = [];
    private readonly int _recordSize = device.Geometry.RecordSize;
    private readonly int _perChunk = ChunkBytes / device.Geometry.RecordSize;
    private readonly Queue<byte[]> _resting = [];
    private Chunk? _last;
    private long _lastIndex = -1;

    /// <summary>What the boot sector says.</summary>
    public VolumeGeometry Geometry => device.Geometry;

    /// <summary>Runs of $MFT.</summary>
    public RunList Runs { get; private set; } = new();

    /// <summary>Bytes of $MFT.</summary>
    public long DataSize { get; private set; }

    /// <summary>Bytes of $MFT that were ever written.</summary>
    public long InitializedSize { get; private set; }

    /// <summary>Records in $MFT.</summary>
    public long Count => DataSize / _recordSize;

    /// <summary>Every record that was ever changed, also those that are written: what a check before the commit has to look at.</summary>
    public IReadOnlyCollection<long> Touched => _touched;

    /// <summary>Records that are changed and not yet written.</summary>
    public int DirtyCount => _dirty.Count;

    /// <summary>Finds $MFT's own runs, also where an attribute list spreads them over several records.</summary>
    public void Bootstrap()
    {
        var geometry = device.Geometry;
        var bytes = new byte[_recordSize];
        device.Device.Read(geometry.MftLcn << geometry.ClusterShift, bytes);
        if (!UpdateSequence.TryDecode(bytes))
        {
            throw NtfsError.TornRecord("FILE record 0");
        }

        var record = FileRecord.Create(bytes, 0);
        if (!record.IsInUse || !record.TryFind(AttributeType.Data, "", out var data) || data.IsResident || data.LowestVcn != 0)
        {
            throw NtfsError.MissingAttribute(0, "the runs of $MFT");
        }

        MappingPairs.Decode(data.MappingPairs, Runs, geometry.ClusterCount, geometry.MaxVcn, 0);
        var allocated = Runs.ClusterCount << geometry.ClusterShift;
        DataSize = data.DataSize;
        InitializedSize = data.InitializedSize;
        if (DataSize <= 0 || InitializedSize < 0 || InitializedSize > DataSize)
        {
            throw NtfsError.BadSizes(0, $"$MFT of {DataSize} bytes, {InitializedSize} written");
        }

        if (record.TryFind(AttributeType.AttributeList, "", out var list))
        {
            AppendListedRuns(list, 0);
            allocated = Runs.ClusterCount << geometry.ClusterShift;
        }

        if (DataSize > allocated)
        {
            throw NtfsError.BadSizes(0, $"$MFT of {DataSize} bytes in {allocated}");
        }
    }

    /// <summary>Takes over runs and sizes after $MFT grew.</summary>
    public void Resize(RunList runs, long dataSize, long initializedSize)
    {
        Runs = runs;
        DataSize = dataSize;
        InitializedSize = initializedSize;
        _last = null;
        _lastIndex = -1;
        _chunks.Clear();
        _order.Clear();
    }

    /// <summary>A decoded record, whatever it holds. The span is valid until the record is changed.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0112</c>, <c>NTFS-0113</c>.</exception>
    public ReadOnlySpan<byte> Read(long number)
    {
        if (number < 0 || number >= Count)
        {
            throw NtfsError.NoSuchRecord(number, Count);
        }

        if (_dirty.Count > 0 && _dirty.TryGetValue(number, out var dirty))
        {
            return dirty;
        }

        var index = number / _perChunk;
        var chunk = index == _lastIndex ? _last! : Load(index);
        var slot = (int)(number % _perChunk);
        if (chunk.Torn is { } torn && torn[slot])
        {
            throw NtfsError.TornRecord($"FILE record {number}");
        }

        return chunk.Bytes.AsSpan(slot * _recordSize, _recordSize);
    }

    /// <summary>The record as a view.</summary>
    /// <exception cref="CorruptImageException">It is no valid FILE record.</exception>
    public FileRecord Get(long number) => FileRecord.Create(Read(number), number);

    /// <summary>A record in use whose sequence number is that of the reference.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0114</c>, <c>NTFS-0115</c> and those of a bad record.</exception>
    public FileRecord Get(FileReference reference)
    {
        var record = Get(reference.Record);
        if (!record.IsInUse)
        {
            throw NtfsError.NotInUse(reference.Record, "it is free");
        }

        return record.Header.SequenceNumber == reference.Sequence ? record
            : throw NtfsError.StaleReference(reference, record.Header.SequenceNumber);
    }

    /// <summary>The base record of the file that a record belongs to.</summary>
    /// <exception cref="CorruptImageException">It is no valid FILE record.</exception>
    public long BaseOf(long number) => Get(number).Header.BaseReference is { Value: not 0 } reference ? reference.Record : number;

    /// <summary>The record's bytes, to be changed. They are written at the next flush.</summary>
    public byte[] Edit(long number)
    {
        changes.Count++;
        if (_dirty.TryGetValue(number, out var dirty))
        {
            return dirty;
        }

        var copy = Read(number).ToArray();
        _dirty.Add(number, copy);
        _touched.Add(number);
        return copy;
    }

    /// <summary>Formats a record for a new file. A reused record continues its update sequence number.</summary>
    public byte[] Reformat(long number, ushort sequence)
    {
        var bytes = Edit(number);
        var last = FileRecordHeader.TryCreate(bytes, out _) ? UpdateSequence.NumberOf(bytes) : (ushort)0;
        bytes.AsSpan().Clear();
        BlankRecord.Write(bytes, number, sequence);
        if (last != 0)
        {
            UpdateSequence.SetNumber(bytes, last);
        }

        return bytes;
    }

    /// <summary>Adds a record that was never used.</summary>
    public void AddBlank(long number)
    {
        var bytes = new byte[_recordSize];
        BlankRecord.Write(bytes, number, sequence: 1);
        Set(number, bytes);
    }

    private void Set(long number, byte[] bytes)
    {
        _dirty[number] = bytes;
        _touched.Add(number);
        changes.Count++;
    }

    private long[] DirtyNumbers() => [.. _dirty.Keys.Order()];

    /// <summary>
    /// Writes the changed records, extension records first, and returns their numbers in order. They stay changed until <see
    /// cref="Forget"/>.
    /// </summary>
    public long[] Write()
    {
        var numbers = DirtyNumbers();
        if (numbers.Length > 0)
        {
            WriteRecords(numbers, extensions: true);
            WriteRecords(numbers, extensions: false);
            device.Device.Flush();
        }

        return numbers;
    }

    /// <summary>Forgets what was read and changed: all of it is on the device.</summary>
    public void Forget()
    {
        if (_dirty.Count > 0)
        {
            _dirty.Clear();
            Resize(Runs, DataSize, InitializedSize);
        }
    }

    private void WriteRecords(long[] numbers, bool extensions)
    {
        var batch = new byte[ChunkBytes];
        var count = 0;
        long first = 0;
        foreach (var number in numbers)
        {
            var bytes = _dirty[number];
            if ((BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.BaseReference)) != 0) != extensions)
            {
                continue;
            }

            if (count > 0 && (number != first + count || (count + 1) * _recordSize > batch.Length))
            {
                WriteBatch(first, batch.AsSpan(0, count * _recordSize));
                count = 0;
            }

            first = count == 0 ? number : first;
            var target = batch.AsSpan(count * _recordSize, _recordSize);
            bytes.CopyTo(target);
            if (!UpdateSequence.TryEncode(target))
            {
                throw NtfsError.BadRecord(number, "no room for its update sequence");
            }

            // the decoded copy keeps the number that was written: the mirror must be byte for byte the same
            UpdateSequence.CopyNumber(target, bytes);
            count++;
        }

        if (count > 0)
        {
            WriteBatch(first, batch.AsSpan(0, count * _recordSize));
        }
    }

    private void WriteBatch(long first, ReadOnlySpan<byte> bytes) =>
        device.WriteThrough(Runs, first * _recordSize, bytes, FileReference.MftRecord);

    private Chunk Load(long index)
    {
        if (!_chunks.TryGetValue(index, out var chunk))
        {
            var start = index * ChunkBytes;
            var count = (int)Math.Min(ChunkBytes, (Count * _recordSize) - start);
            var bytes = count == ChunkBytes && _resting.Count > RestingBuffers ? _resting.Dequeue() : new byte[count];
            device.Read(Runs, InitializedSize, start, bytes, FileReference.MftRecord);
            chunk = new Chunk(bytes);
            for (var slot = 0; slot < count / _recordSize; slot++)
            {
                var record = bytes.AsSpan(slot * _recordSize, _recordSize);
                if (record[..4].SequenceEqual(FileRecordHeader.FileMagic) && !UpdateSequence.TryDecode(record))
                {
                    chunk.Torn ??= new System.Collections.BitArray(_perChunk);
                    chunk.Torn[slot] = true;
                }
            }

            if (_order.Count >= MaxChunks)
            {
                _chunks.Remove(_order.Dequeue(), out var evicted);
                if (evicted is { Bytes.Length: ChunkBytes } && evicted != _last)
                {
                    _resting.Enqueue(evicted.Bytes);
                }
            }

            _chunks.Add(index, chunk);
            _order.Enqueue(index);
        }

        _last = chunk;
        _lastIndex = index;
        return chunk;
    }

    private void AppendListedRuns(AttributeHeader list, long number)
    {
        var geometry = device.Geometry;
        var entries = new AttributeListReader(device).Read(list, number);
        var seen = new HashSet<long>();
        var next = true;
        while (next)
        {
            next = false;
            foreach (var entry in entries)
            {
                if (entry.Type != AttributeType.Data || entry.Name.Length != 0 || entry.LowestVcn != Runs.ClusterCount
                    || entry.Reference.Record == 0)
                {
                    continue;
                }

                if (!seen.Add(entry.LowestVcn))
                {
                    throw NtfsError.BadAttributeList(0, $"VCN {entry.LowestVcn} is listed twice");
                }

                var bytes = new byte[_recordSize];
                if (entry.Reference.Record >= (Runs.ClusterCount << geometry.ClusterShift) / _recordSize)
                {
                    throw NtfsError.BadAttributeList(0, $"record {entry.Reference.Record} lies in a part of $MFT that it describes itself");
                }

                device.Read(Runs, long.MaxValue, entry.Reference.Record * _recordSize, bytes, 0);
                if (!UpdateSequence.TryDecode(bytes))
                {
                    throw NtfsError.TornRecord($"FILE record {entry.Reference.Record}");
                }

                foreach (var attribute in FileRecord.Create(bytes, entry.Reference.Record))
                {
                    if (attribute.Type == AttributeType.Data && attribute.NameLength == 0 && !attribute.IsResident
                        && attribute.LowestVcn == entry.LowestVcn)
                    {
                        MappingPairs.Decode(attribute.MappingPairs, Runs, geometry.ClusterCount, geometry.MaxVcn, entry.Reference.Record);
                        next = true;
                        break;
                    }
                }

                break;
            }
        }
    }

    private sealed class Chunk(byte[] bytes)
    {
        public byte[] Bytes { get; } = bytes;

        public System.Collections.BitArray? Torn { get; set; }
    }
}
