using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Allocation;

/// <summary>Gives out FILE records by $MFT's bitmap, and makes $MFT longer. Source: Linux-NTFS documentation, FILE Record.</summary>
internal sealed class RecordAllocator
{
    /// <summary>Fewest records that $MFT grows by: 64 KiB of 1 KiB records.</summary>
    private const int MinGrowth = 64;

    /// <summary>Most records that $MFT grows by at a time.</summary>
    private const int MaxGrowth = 8192;

    /// <summary>First of the records that Windows keeps for $MFT itself.</summary>
    private const long FirstReserved = 16;

    private readonly VolumeCore _core;
    private readonly RecordBitmap _bitmap;
    private long _cursor = FileReference.FirstUserRecord;

    public RecordAllocator(VolumeCore core)
    {
        _core = core;
        _bitmap = core.RecordBitmap;
    }

    /// <summary>
    /// Takes a free record and returns its sequence number. The record is formatted as free with no attributes; the caller fills it.
    /// </summary>
    /// <exception cref="RefusedException"><c>NTFS-0401</c>: the volume is full.</exception>
    /// <exception cref="RefusedException"><c>NTFS-0310</c>: $MFT cannot grow.</exception>
    public long Allocate(out ushort sequence)
    {
        var number = _bitmap.FindFree(_cursor);
        if (number < 0)
        {
            number = _bitmap.FindFree(FileReference.FirstUserRecord);
        }

        if (number < 0)
        {
            Grow();
            number = _bitmap.FindFree(FileReference.FirstUserRecord);
        }

        var bytes = _core.Records.Read(number);
        sequence = 1;
        if (FileRecordHeader.TryCreate(bytes, out var header))
        {
            if ((header.Flags & FileRecordFlags.InUse) != 0)
            {
                throw NtfsError.BadMetafile("$MFT", $"record {number} is in use, and free in the bitmap");
            }

            sequence = header.SequenceNumber == 0 ? (ushort)1 : header.SequenceNumber;
        }

        _bitmap.Set(number, value: true);
        _cursor = number + 1;
        return number;
    }

    /// <summary>
    /// Takes one of the records 16 to 23, which Windows keeps for $MFT itself: their bits are set, and they hold nothing.
    /// </summary>
    /// <exception cref="RefusedException"><c>NTFS-0310</c>: all are in use.</exception>
    public long AllocateReserved(out ushort sequence)
    {
        var number = FindReserved();
        if (number < 0)
        {
            throw NtfsError.MftFull("its own records have no room for more runs",
                "Defragment the volume in the source machine.");
        }

        sequence = FileRecordHeader.TryCreate(_core.Records.Read(number), out var header)
            && header.SequenceNumber != 0 ? header.SequenceNumber : (ushort)number;
        if (!_bitmap.IsAllocated(number))
        {
            _bitmap.Set(number, value: true);
        }

        return number;
    }

    /// <summary>Frees a record: not in use, sequence number raised, bit cleared.</summary>
    public void Free(long number)
    {
        var bytes = _core.Records.Edit(number);
        var flags = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.Flags));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.Flags),
            (ushort)(flags & ~(ushort)FileRecordFlags.InUse));
        var sequence = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.SequenceNumber));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.SequenceNumber),
            sequence >= 0xFFFF ? (ushort)1 : (ushort)(sequence + 1));
        _bitmap.Set(number, value: false);
        _core.Nodes.Remove(number);
        _cursor = Math.Min(_cursor, number);
    }

    /// <summary>Writes the bitmap.</summary>
    public void Flush()
    {
        if (!_bitmap.IsChanged)
        {
            return;
        }

        var attribute = _bitmap.Attribute;
        if (attribute.IsResident)
        {
            attribute.Value = _bitmap.Bits;
            NodeWriter.Store(_core, _core.Nodes.Get(FileReference.MftRecord));
        }
        else
        {
            _core.Content.Write(attribute.Runs, 0, _bitmap.Bits, FileReference.MftRecord);
        }

        _bitmap.IsChanged = false;
    }

    private void Grow()
    {
        var geometry = _core.Geometry;
        var node = _core.Nodes.Get(FileReference.MftRecord);
        var data = node.Find(AttributeType.Data, "") ?? throw NtfsError.BadMetafile("$MFT", "no $DATA");
        var recordSize = geometry.RecordSize;
        var before = _core.Records.Count;

        // room that $MFT has already
        var allocated = data.AllocatedSize(geometry.ClusterSize);
        if (allocated - data.DataSize < recordSize)
        {
            var wanted = Math.Clamp(before / 4, MinGrowth, MaxGrowth);
            var clusters = Math.Max(1, geometry.ClustersFor(wanted * recordSize));
            var spare = _core.Clusters.FreeClusters;
            if (spare < clusters * 8)
            {
                clusters = Math.Max(geometry.ClustersFor(recordSize), Math.Min(clusters, spare / 8));
            }

            var changes = _core.Changes.Count;
            var grown = Copy(data.Runs);
            _core.Clusters.Allocate(grown, clusters, data.Runs.EndLcn, forMft: true);
            var saved = data.Runs;
            data.Runs = grown;
            if (!NodeWriter.FitsInPlace(_core, node) && !TryContinueInNewRecord(node, data, saved.ClusterCount))
            {
                data.Runs = saved;
                _core.Clusters.Resize(grown, saved.ClusterCount);
                _core.Changes.Count = changes; // everything is as it was: the volume stays open for writing
                throw NtfsError.MftFull("its own record has no room for more runs",
                    "Defragment the volume in the source machine, or delete files there.");
            }

            allocated = data.AllocatedSize(geometry.ClusterSize);
        }

        var count = Math.Min(allocated / recordSize, before + MaxGrowth + (geometry.ClusterSize / recordSize));
        GrowBitmap(node, count);
        data.DataSize = count * recordSize;
        data.InitializedSize = data.DataSize;
        _core.Records.Resize(data.Runs, data.DataSize, data.InitializedSize);
        for (var number = before; number < count; number++)
        {
            _core.Records.Set(number, NewRecord(recordSize, number, 1));
        }

        NodeWriter.Store(_core, node);
    }

    /// <summary>
    /// Plans a new extent of $MFT's runs in one of the records 16 to 23. The last extent ends where it ended; the only one, in the base
    /// record, ends where
    /// it leaves room for the attribute list, and after the records 16 to 23 themselves.
    /// </summary>
    private bool TryContinueInNewRecord(FileNode node, NodeAttribute data, long end)
    {
        if (FindReserved() < 0)
        {
            return false;
        }

        data.Places.Add(new AttributePlace(AttributePlace.NewRecord, 0, end));
        while (!NodeWriter.FitsInPlace(_core, node))
        {
            var run = data.Runs.IndexOf(data.Places[^1].LowestVcn - 1);
            if (node.HasList || run < 0
                || data.Runs.Runs[run].Vcn << _core.Geometry.ClusterShift < FileReference.FirstUserRecord * _core.Geometry.RecordSize)
            {
                data.Places.RemoveAt(data.Places.Count - 1);
                return false;
            }

            data.Places[^1] = data.Places[^1] with { LowestVcn = data.Runs.Runs[run].Vcn };
        }

        return true;
    }

    private long FindReserved()
    {
        for (var number = FirstReserved; number < FileReference.FirstUserRecord; number++)
        {
            if (!FileRecordHeader.TryCreate(_core.Records.Read(number), out var header) || (header.Flags & FileRecordFlags.InUse) == 0)
            {
                return number;
            }
        }

        return -1;
    }

    /// <summary>Formats a record for a new file. A reused record goes on with its update sequence number.</summary>
    public static byte[] Reformat(VolumeCore core, long number, ushort sequence)
    {
        var bytes = core.Records.Edit(number);
        ushort last = 0;
        if (FileRecordHeader.TryCreate(bytes, out _))
        {
            int offset = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.UpdateSequenceOffset));
            last = offset + 2 <= bytes.Length ? BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(offset)) : (ushort)0;
        }

        bytes.AsSpan().Clear();
        Format(bytes, number, sequence);
        if (last != 0)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.UpdateSequenceArray), last);
        }

        return bytes;
    }

    private static byte[] NewRecord(int size, long number, ushort sequence)
    {
        var bytes = new byte[size];
        Format(bytes, number, sequence);
        return bytes;
    }

    /// <summary>A formatted record that is not in use. Source: Linux-NTFS documentation, Fixup, FILE Record.</summary>
    private static void Format(byte[] bytes, long number, ushort sequence)
    {
        var size = bytes.Length;
        FileRecordHeader.FileMagic.CopyTo(bytes);
        var count = (size / UpdateSequence.Stride) + 1;
        var first = (FileRecordHeader.Layout.UpdateSequenceArray + (2 * count) + 7) & ~7;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.UpdateSequenceOffset),
            FileRecordHeader.Layout.UpdateSequenceArray);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.UpdateSequenceCount), (ushort)count);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.SequenceNumber), sequence);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.FirstAttribute), (ushort)first);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.BytesUsed), (uint)(first + 8));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.BytesAllocated), (uint)size);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.RecordNumber), (uint)number);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(first), (uint)AttributeType.End);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(FileRecordHeader.Layout.UpdateSequenceArray), 1);
    }

    private void GrowBitmap(FileNode node, long records)
    {
        var bytes = (int)(((records + 63) / 64) * 8);
        if (bytes <= _bitmap.Bits.Length)
        {
            return;
        }

        var attribute = _bitmap.Attribute;
        if (attribute.IsResident)
        {
            attribute.SetResident(new byte[bytes]);
            if (!NodeWriter.FitsInPlace(_core, node))
            {
                throw NtfsError.MftFull("its own record has no room for a longer bitmap");
            }
        }
        else
        {
            var geometry = _core.Geometry;
            var missing = geometry.ClustersFor(bytes) - attribute.Runs.ClusterCount;
            if (missing > 0)
            {
                _core.Clusters.Allocate(attribute.Runs, missing, attribute.Runs.EndLcn);
                if (!NodeWriter.FitsInPlace(_core, node))
                {
                    throw NtfsError.MftFull("its own record has no room for the runs of a longer bitmap");
                }
            }

            attribute.DataSize = bytes;
            attribute.InitializedSize = bytes;
        }

        _bitmap.Grow(bytes);
    }

    private static RunList Copy(RunList runs)
    {
        var copy = new RunList();
        foreach (var run in runs.Runs)
        {
            copy.Append(run.Lcn, run.Count);
        }

        return copy;
    }
}
