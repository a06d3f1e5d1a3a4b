using System.Buffers.Binary;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Replay;

/// <summary>Carries out one redo or undo on the volume: loads the structure, lets the action change it, protects it again.</summary>
internal sealed class LogApplier(ReplayVolume volume, int recordSize)
{
    private const int LsnField = 0x08; // the same in FILE and INDX

    /// <summary>Whether operations are carried out that no real log has tested.</summary>
    public bool IsForced { get; init; }

    /// <summary>Whether the operation changes a page at all.</summary>
    public static bool IsAction(LogOperation operation) => operation switch
    {
        LogOperation.Noop or LogOperation.CompensationLogRecord or LogOperation.DeleteDirtyClusters or LogOperation.HotFix
            or LogOperation.EndTopLevelAction
            or LogOperation.PrepareTransaction or LogOperation.CommitTransaction or LogOperation.ForgetTransaction
            or LogOperation.OpenNonresidentAttribute
            or LogOperation.OpenAttributeTableDump or LogOperation.AttributeNamesDump or LogOperation.DirtyPageTableDump
            or LogOperation.TransactionTableDump => false,
        _ => true,
    };

    /// <summary>Applies the bytes.</summary>
    /// <param name="lsn">Redo: the record's LSN; a structure that is as new or newer is left alone. Undo: null.</param>
    /// <returns>Whether something was changed.</returns>
    public bool Apply(ReplayTarget target, ReadOnlySpan<byte> bytes, ulong? lsn)
    {
        if (!IsForced && !LogReplayer.IsProven(target.Operation))
        {
            throw LogError.Unproven(target.Record.Lsn, target.Operation);
        }

        switch (target.Operation)
        {
            case LogOperation.InitializeFileRecordSegment or LogOperation.DeallocateFileRecordSegment
                or LogOperation.WriteEndOfFileRecordSegment or LogOperation.CreateAttribute or LogOperation.DeleteAttribute
                or LogOperation.UpdateResidentValue or LogOperation.UpdateMappingPairs
                or LogOperation.SetNewAttributeSizes or LogOperation.AddIndexEntryRoot or LogOperation.DeleteIndexEntryRoot
                or LogOperation.SetIndexEntryVcnRoot
                or LogOperation.UpdateFileNameRoot or LogOperation.UpdateRecordDataRoot
                or LogOperation.ZeroEndOfFileRecord:
                return ApplyToRecord(target, bytes, lsn);
            case LogOperation.AddIndexEntryAllocation or LogOperation.DeleteIndexEntryAllocation or LogOperation.WriteEndOfIndexBuffer
                or LogOperation.SetIndexEntryVcnAllocation or LogOperation.UpdateFileNameAllocation
                or LogOperation.UpdateRecordDataAllocation:
                return ApplyToBlock(target, bytes, lsn);
            case LogOperation.SetBitsInNonresidentBitMap or LogOperation.ClearBitsInNonresidentBitMap:
                return ApplyToBitmap(target, bytes);
            case LogOperation.UpdateNonresidentValue:
                return target.IndexBlockSize > 0 ? WriteBlock(target, bytes) : WriteBytes(target, bytes);
            default:
                throw LogError.Operation(target.Record.Lsn, (int)target.Operation);
        }
    }

    private bool ApplyToRecord(ReplayTarget target, ReadOnlySpan<byte> bytes, ulong? lsn)
    {
        var at = target.Record.ClusterOffset;
        if (at % recordSize != 0 && volume.ClusterSize >= recordSize)
        {
            throw target.Refuse($"a FILE record at byte {at} of its page");
        }

        if (!target.IsMapped(volume, at, recordSize))
        {
            return false;
        }

        var record = new byte[recordSize];
        target.Read(volume, at, record);
        var isRecord = record.AsSpan(0, 4).SequenceEqual(FileRecordHeader.FileMagic) && UpdateSequence.TryDecode(record);
        if (!isRecord && FileRecordActions.NeedsRecord(target.Operation))
        {
            throw target.Refuse("no valid FILE record there");
        }

        if (!isRecord)
        {
            record.AsSpan().Clear();
        }
        else if (IsNewer(record, lsn))
        {
            return false;
        }

        var sequence = isRecord ? UpdateSequence.NumberOf(record) : (ushort)0;
        new FileRecordActions(target, record).Apply(bytes);
        return Protect(target, at, record, sequence, lsn);
    }

    private bool ApplyToBlock(ReplayTarget target, ReadOnlySpan<byte> bytes, ulong? lsn)
    {
        var size = target.IndexBlockSize;
        var at = target.Record.ClusterOffset + target.Record.RecordOffset;
        if (size == 0)
        {
            throw target.Refuse("the index is not in the open attribute table");
        }

        if (!target.IsMapped(volume, at, size))
        {
            return false;
        }

        var block = new byte[size];
        target.Read(volume, at, block);
        if (!block.AsSpan(0, 4).SequenceEqual(IndexBlockLayout.IndexMagic) || !UpdateSequence.TryDecode(block))
        {
            throw target.Refuse("no valid index block there");
        }

        if (IsNewer(block, lsn))
        {
            return false;
        }

        new IndexNodeActions(target, block.AsMemory(IndexBlockLayout.Node), target.Record.AttributeOffset - IndexBlockLayout.Node)
            .Apply(bytes, room: 0);
        return Protect(target, at, block, UpdateSequence.NumberOf(block), lsn);
    }

    /// <summary>An index block, or its start, written whole: the log has it unprotected.</summary>
    private bool WriteBlock(ReplayTarget target, ReadOnlySpan<byte> bytes)
    {
        var at = target.Record.ClusterOffset;
        var size = target.IndexBlockSize;
        if (target.Record.RecordOffset + bytes.Length > size)
        {
            throw target.Refuse($"{bytes.Length} bytes at {target.Record.RecordOffset} of an index block");
        }

        if (!target.IsMapped(volume, at, size))
        {
            return false;
        }

        var block = new byte[size];
        target.Read(volume, at, block);
        if (!block.AsSpan(0, 4).SequenceEqual(IndexBlockLayout.IndexMagic) || !UpdateSequence.TryDecode(block))
        {
            block.AsSpan().Clear();
        }

        bytes.CopyTo(block.AsSpan(target.Record.RecordOffset));
        if (!block.AsSpan(0, 4).SequenceEqual(IndexBlockLayout.IndexMagic))
        {
            target.Write(volume, at, block); // undo of a block that was new
            return true;
        }

        return Protect(target, at, block, UpdateSequence.NumberOf(block), lsn: null);
    }

    private bool WriteBytes(ReplayTarget target, ReadOnlySpan<byte> bytes)
    {
        var at = (long)target.Record.ClusterOffset + target.Record.RecordOffset;
        var count = bytes.Length;
        while (count > 0 && !target.IsMapped(volume, at, count))
        {
            // clusters that were freed since: the write ends before them
            count = Math.Max(0, (int)(((at + count - 1) / volume.ClusterSize * volume.ClusterSize) - at));
        }

        target.Write(volume, at, bytes[..count]);
        return count > 0;
    }

    /// <summary>Bytes: u32 first bit, counted from the target, u32 number of bits.</summary>
    private bool ApplyToBitmap(ReplayTarget target, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8)
        {
            throw target.Refuse($"{bytes.Length} bytes");
        }

        long first = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        long count = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        long start = target.Record.ClusterOffset + target.Record.RecordOffset;
        if (count > (long)target.Lcns.Length * volume.ClusterSize * 8 || count == 0)
        {
            throw target.Refuse($"{count} bits");
        }

        var firstByte = start + (first / 8);
        var bitmap = new byte[((first + count - 1) / 8) - (first / 8) + 1];
        if (!target.IsMapped(volume, firstByte, bitmap.Length))
        {
            return false;
        }

        target.Read(volume, firstByte, bitmap);
        for (var bit = first % 8; bit < (first % 8) + count; bit++)
        {
            var mask = (byte)(1 << (int)(bit % 8));
            bitmap[bit / 8] =
                (byte)(target.Operation == LogOperation.SetBitsInNonresidentBitMap ? bitmap[bit / 8] | mask : bitmap[bit / 8] & ~mask);
        }

        target.Write(volume, firstByte, bitmap);
        return true;
    }

    private static bool IsNewer(byte[] structure, ulong? lsn) => lsn is { } redo
        && BinaryPrimitives.ReadUInt64LittleEndian(structure.AsSpan(LsnField)) >= redo;

    private bool Protect(ReplayTarget target, long at, byte[] structure, ushort sequence, ulong? lsn)
    {
        if (lsn is { } redo)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(structure.AsSpan(LsnField), redo);
        }

        if (sequence != 0)
        {
            UpdateSequence.SetNumber(structure, sequence);
        }

        if (!UpdateSequence.TryEncode(structure))
        {
            throw target.Refuse("a structure without an update sequence");
        }

        target.Write(volume, at, structure);
        return true;
    }
}
