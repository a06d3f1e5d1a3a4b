using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Allocation;

/// <summary>Finds out who owns which clusters: one pass over $MFT, base and extension records, from start to end.</summary>
internal sealed class OwnerReader(RecordStore records, NodeReader nodes, RecordBitmap bitmap, RunDevice device)
{
    /// <summary>Bytes of $MFT read at once.</summary>
    private const int ChunkSize = 1024 * 1024;

    /// <summary>Bytes announced ahead of the read position, so that the host can fetch them while records are parsed.</summary>
    private const int PrefetchSize = 8 * ChunkSize;

    /// <summary>Max runs on a volume: 768 MiB of memory. Windows volumes have fewer than three runs per file.</summary>
    private const int MaxRuns = 32 * 1024 * 1024;

    /// <summary>Reading stops after this many unreadable records: the volume is refused anyway.</summary>
    private const int MaxUnreadable = 16;

    private readonly List<(long Record, string Problem)> _unreadable = [];
    private readonly List<long> _listed = [];
    private List<OwnedRun> _runs = [];

    /// <summary>Reads all records as they are on the device.</summary>
    /// <exception cref="UnsupportedImageException"><c>NTFS-0204</c>: too many runs.</exception>
    /// <exception cref="CorruptImageException">$MFT's own runs or bitmap are damaged.</exception>
    public ClusterOwners Read(CancellationToken cancellation)
    {
        _unreadable.Clear();
        _listed.Clear();
        _runs = [];
        ReadRecords(cancellation);
        ReadListedFiles(cancellation);
        return new ClusterOwners(_runs, [.. _unreadable]);
    }

    private void ReadRecords(CancellationToken cancellation)
    {
        var size = device.Geometry.RecordSize;
        var total = Math.Min(records.Count * size, (records.InitializedSize + size - 1) / size * size);
        var buffer = new byte[Math.Min(ChunkSize, total)];
        long announced = 0;
        for (long at = 0; at < total && _unreadable.Count < MaxUnreadable;)
        {
            cancellation.ThrowIfCancellationRequested();
            if (announced < at + ChunkSize)
            {
                announced = Math.Min(total, at + PrefetchSize);
                device.Prefetch(records.Runs, at, announced - at);
            }

            var chunk = buffer.AsSpan(0, (int)Math.Min(buffer.Length, total - at));
            device.Read(records.Runs, records.InitializedSize, at, chunk, FileReference.MftRecord);
            for (var i = 0; i < chunk.Length; i += size)
            {
                ReadRecord(chunk.Slice(i, size), (at + i) / size);
            }

            at += chunk.Length;
        }
    }

    private void ReadRecord(Span<byte> bytes, long number)
    {
        if (!FileRecordHeader.TryCreate(bytes, out var header))
        {
            // 16 to 23 are marked as in use and hold nothing
            if (number >= FileReference.FirstUserRecord && bytes[..4].ContainsAnyExcept((byte)0)
                && bitmap.IsAllocated(number))
            {
                _unreadable.Add((number, "it is in use and has no FILE signature"));
            }

            return;
        }

        if ((header.Flags & FileRecordFlags.InUse) == 0)
        {
            return;
        }

        var problem = "its update sequence does not match: a torn write";
        if (!UpdateSequence.TryDecode(bytes) || !FileRecord.TryCreate(bytes, number, out var record, out problem)
            || !TryAddRuns(record, out problem))
        {
            _unreadable.Add((number, problem));
        }
    }

    private bool TryAddRuns(FileRecord record, out string problem)
    {
        problem = "";
        var bytes = record.Bytes[..(int)record.Header.BytesUsed];
        var hasList = false;
        for (var at = record.Header.FirstAttribute; ;)
        {
            if (at + 4 > bytes.Length)
            {
                problem = "its attributes have no end marker";
                return false;
            }

            if (AttributeHeader.IsEndMarker(bytes[at..]))
            {
                break;
            }

            if (!AttributeHeader.TryCreate(bytes[at..], out var attribute, out problem))
            {
                return false;
            }

            hasList |= attribute.Type == AttributeType.AttributeList;
            if (!attribute.IsResident && !TryAddRuns(attribute, record.Number, hasList || !record.IsBase, out problem))
            {
                return false;
            }

            at += attribute.Length;
        }

        if (hasList && record.IsBase)
        {
            _listed.Add(record.Number);
        }

        return true;
    }

    private bool TryAddRuns(AttributeHeader attribute, long record, bool mayContinue, out string problem)
    {
        var lowest = attribute.LowestVcn;
        if (lowest < 0 || lowest > device.Geometry.MaxVcn)
        {
            problem = $"an extent from VCN {lowest}";
            return false;
        }

        var end = lowest;
        var reader = new MappingPairsReader(attribute.MappingPairs, lowest, device.Geometry.ClusterCount, device.Geometry.MaxVcn);
        while (reader.TryRead(out var run))
        {
            end = run.EndVcn;
            if (!run.IsHole)
            {
                Add(new OwnedRun(run.Lcn, run.Count, record));
            }
        }

        problem = reader.Problem ?? "";
        if (problem.Length == 0 && attribute.HighestVcn != end - 1 && !(end == 0 && attribute.HighestVcn == 0))
        {
            problem = $"runs up to VCN {end - 1} where the header says {attribute.HighestVcn}";
        }

        if (problem.Length == 0 && !mayContinue && attribute.AllocatedSize >> device.Geometry.ClusterShift > end)
        {
            problem = $"runs of {end} clusters where {attribute.AllocatedSize} bytes are allocated";
        }

        return problem.Length == 0;
    }

    private void Add(OwnedRun run)
    {
        if (_runs.Count >= MaxRuns)
        {
            throw NtfsError.TooLarge("the list of all runs", _runs.Count, MaxRuns);
        }

        _runs.Add(run);
    }

    /// <summary>
    /// Files of several records: all parts that the attribute list names must be there, or clusters are missing from the list.
    /// </summary>
    private void ReadListedFiles(CancellationToken cancellation)
    {
        foreach (var number in _listed)
        {
            cancellation.ThrowIfCancellationRequested();
            if (_unreadable.Count >= MaxUnreadable)
            {
                return;
            }

            try
            {
                nodes.Read(number);
            }
            catch (CorruptImageException damage)
            {
                _unreadable.Add((number, damage.Message));
            }
        }
    }
}
