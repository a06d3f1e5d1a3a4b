using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Replay;

/// <summary>One log record, joined from the pages that it stands on. Source: Linux-NTFS documentation, $LogFile.</summary>
internal sealed class LogRecord
{
    /// <summary><see cref="Type"/> of a checkpoint; its data is <see cref="CheckpointLayout"/>.</summary>
    public const uint CheckpointType = 2;

    private const uint ChangeType = 1;

    private readonly byte[] _data;

    internal LogRecord(ReadOnlySpan<byte> header, byte[] data)
    {
        Lsn = BinaryPrimitives.ReadUInt64LittleEndian(header);
        PreviousLsn = BinaryPrimitives.ReadUInt64LittleEndian(header[Layout.PreviousLsn..]);
        UndoNextLsn = BinaryPrimitives.ReadUInt64LittleEndian(header[Layout.UndoNextLsn..]);
        Type = BinaryPrimitives.ReadUInt32LittleEndian(header[Layout.RecordType..]);
        TransactionId = BinaryPrimitives.ReadUInt32LittleEndian(header[Layout.TransactionId..]);
        _data = data;
    }

    /// <summary>Field offsets of the header.</summary>
    public static class Layout
    {
        /// <summary>u64, LSN of this record.</summary>
        public const int Lsn = 0x00;

        /// <summary>u64, the transaction's record before.</summary>
        public const int PreviousLsn = 0x08;

        /// <summary>u64, where undo continues.</summary>
        public const int UndoNextLsn = 0x10;

        /// <summary>u32, bytes of data.</summary>
        public const int DataLength = 0x18;

        /// <summary>u16 sequence number and u16 index of the client.</summary>
        public const int Client = 0x1C;

        /// <summary>u32, 1 change, 2 checkpoint.</summary>
        public const int RecordType = 0x20;

        /// <summary>u32, transaction.</summary>
        public const int TransactionId = 0x24;

        /// <summary>u16, 1: goes over several pages.</summary>
        public const int Flags = 0x28;

        /// <summary>Bytes.</summary>
        public const int Size = 0x30;
    }

    /// <summary>Field offsets of the data of a change.</summary>
    public static class DataLayout
    {
        /// <summary>u16, redo operation.</summary>
        public const int RedoOperation = 0x00;

        /// <summary>u16, undo operation.</summary>
        public const int UndoOperation = 0x02;

        /// <summary>u16, offset of the redo bytes in the data.</summary>
        public const int RedoOffset = 0x04;

        /// <summary>u16, redo bytes.</summary>
        public const int RedoLength = 0x06;

        /// <summary>u16, offset of the undo bytes in the data.</summary>
        public const int UndoOffset = 0x08;

        /// <summary>u16, undo bytes.</summary>
        public const int UndoLength = 0x0A;

        /// <summary>u16, offset of the attribute in the open attribute table.</summary>
        public const int TargetAttribute = 0x0C;

        /// <summary>u16, LCNs that follow.</summary>
        public const int LcnCount = 0x0E;

        /// <summary>u16, offset in the FILE record, or in the target page.</summary>
        public const int RecordOffset = 0x10;

        /// <summary>u16, offset in the attribute, or in the index block.</summary>
        public const int AttributeOffset = 0x12;

        /// <summary>u16, offset of the target in its first cluster, in units of 512 bytes.</summary>
        public const int ClusterOffset = 0x14;

        /// <summary>u64, VCN of the target.</summary>
        public const int TargetVcn = 0x18;

        /// <summary>u64 each, LCNs of the target.</summary>
        public const int Lcns = 0x20;
    }

    /// <summary>LSN.</summary>
    public ulong Lsn { get; }

    /// <summary>The transaction's record before.</summary>
    public ulong PreviousLsn { get; }

    /// <summary>Where undo continues.</summary>
    public ulong UndoNextLsn { get; }

    /// <summary>1 change, 2 checkpoint.</summary>
    public uint Type { get; }

    /// <summary>Whether it describes a change.</summary>
    public bool IsChange => Type == ChangeType;

    /// <summary>Transaction.</summary>
    public uint TransactionId { get; }

    /// <summary>All data.</summary>
    public ReadOnlySpan<byte> Data => _data;

    /// <summary>Redo operation.</summary>
    public LogOperation Redo => (LogOperation)Field(DataLayout.RedoOperation);

    /// <summary>Undo operation.</summary>
    public LogOperation Undo => (LogOperation)Field(DataLayout.UndoOperation);

    /// <summary>Redo bytes; zeros where the record gives their number only (<see cref="HasRedoBytes"/>).</summary>
    public ReadOnlySpan<byte> RedoBytes => Bytes(DataLayout.RedoOffset);

    /// <summary>Undo bytes; zeros where the record gives their number only.</summary>
    public ReadOnlySpan<byte> UndoBytes => Bytes(DataLayout.UndoOffset);

    /// <summary>False: Windows wrote the length and left the bytes out, because they are zeros.</summary>
    public bool HasRedoBytes => Field(DataLayout.RedoOffset) + Field(DataLayout.RedoLength) <= Data.Length;

    /// <summary>As <see cref="HasRedoBytes"/>, for undo.</summary>
    public bool HasUndoBytes => Field(DataLayout.UndoOffset) + Field(DataLayout.UndoLength) <= Data.Length;

    /// <summary>Whether both have the same length: a change in place.</summary>
    public bool KeepsLength => Field(DataLayout.RedoLength) == Field(DataLayout.UndoLength);

    /// <summary>Offset in the open attribute table.</summary>
    public int TargetAttribute => Field(DataLayout.TargetAttribute);

    /// <summary>Clusters of the target page that are named.</summary>
    public int LcnCount => Field(DataLayout.LcnCount);

    /// <summary>Offset in the FILE record or the target.</summary>
    public int RecordOffset => Field(DataLayout.RecordOffset);

    /// <summary>Offset in the attribute or the index block.</summary>
    public int AttributeOffset => Field(DataLayout.AttributeOffset);

    /// <summary>Offset of the target in its first cluster, in bytes.</summary>
    public int ClusterOffset => Field(DataLayout.ClusterOffset) * 512;

    /// <summary>VCN of the target.</summary>
    public long TargetVcn => BinaryPrimitives.ReadInt64LittleEndian(Data[DataLayout.TargetVcn..]);

    /// <summary>A LCN of the target.</summary>
    public long Lcn(int index) => BinaryPrimitives.ReadInt64LittleEndian(Data[(DataLayout.Lcns + (8 * index))..]);

    /// <summary>What is wrong with the data of a change, or null: redo and undo bytes and LCNs lie inside afterwards.</summary>
    public string? Problem()
    {
        if (Data.Length < DataLayout.Lcns)
        {
            return $"{Data.Length} bytes of data";
        }

        if (DataLayout.Lcns + (8 * LcnCount) > Data.Length)
        {
            return $"{LcnCount} LCNs in {Data.Length} bytes";
        }

        if ((!HasRedoBytes && Field(DataLayout.RedoOffset) < Data.Length) || (!HasUndoBytes && Field(DataLayout.UndoOffset) < Data.Length))
        {
            return "redo or undo bytes that are cut off";
        }

        if (LcnCount > 0 && (TargetVcn < 0 || TargetVcn > long.MaxValue / 2))
        {
            return $"target VCN {TargetVcn}";
        }

        return null;
    }

    private ReadOnlySpan<byte> Bytes(int field)
    {
        var offset = Field(field);
        var length = Field(field + 2);
        return offset + length <= Data.Length ? Data.Slice(offset, length) : new byte[length];
    }

    private int Field(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(Data[offset..]);
}
