using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Replay;
using OfflinePatch.Ntfs.Tests.Check;

namespace OfflinePatch.Ntfs.Tests.Replay;

/// <summary>
/// Writes a $LogFile of version 1.1 that was not closed: restart pages, one checkpoint, and changes behind it. It is made apart from the
/// product's reader, from the description (Linux-NTFS documentation, $LogFile; structures of ntfs3's fslog.c, facts); the kernel's ntfs3
/// replays such logs, see <see cref="MadeCrashTests"/>.
/// </summary>
internal sealed class MadeLog
{
    /// <summary>The first transaction that may be used: its offset in the transaction table.</summary>
    public const uint FirstTransaction = TableHeader;

    /// <summary>Bytes of an entry of the transaction table.</summary>
    public const uint TransactionSize = 0x28;

    private const int PageSize = 4096;
    private const int DataOffset = 0x40;
    private const int FirstPage = 4 * PageSize;
    private const int HeaderSize = 0x30;
    private const int TableHeader = 0x18;
    private const int AttributeSize = 0x28;
    private const ulong Round = 3; // sequence number of all LSNs

    private readonly long _size;
    private readonly int _dataBits;
    private readonly SortedDictionary<int, byte[]> _pages = [];
    private readonly List<byte[]> _attributes = [];
    private readonly List<string> _names = [];
    private readonly Dictionary<uint, ulong> _previous = [];
    private int _page = FirstPage;
    private int _within = DataOffset;
    private ulong _restart;
    private ulong _last;
    private int _lastLength;

    public MadeLog(BlockDevice device)
    {
        var surgeon = new VolumeSurgeon(device);
        var record = surgeon.Record(FileReference.LogFileRecord);
        var attribute = VolumeSurgeon.Attribute(record, AttributeType.Data);
        var run = Assert.Single(surgeon.Runs(record, attribute));
        Start = run.Lcn * surgeon.ClusterSize;
        _size = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(attribute + 0x30));
        _dataBits = 64 - SequenceBits;
    }

    /// <summary>Where the log is on the device.</summary>
    public long Start { get; }

    /// <summary>Where it ends.</summary>
    public long End => Start + _size;

    private int SequenceBits => 67 - (64 - BitOperations.LeadingZeroCount((ulong)_size));

    /// <summary>Enters an attribute into the table of the checkpoint; returns its offset there, by which changes name it.</summary>
    public int Open(AttributeType type, ulong file, int indexBlockSize = 0, string name = "")
    {
        var entry = new byte[AttributeSize];
        BinaryPrimitives.WriteUInt32LittleEndian(entry, 0xFFFFFFFF);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(4), indexBlockSize);
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(8), (uint)type);
        BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(0x10), file);
        _attributes.Add(entry);
        _names.Add(name);
        return TableHeader + ((_attributes.Count - 1) * AttributeSize);
    }

    /// <summary>Writes the tables and the checkpoint. Attributes are opened before, changes come after it.</summary>
    /// <param name="dirty">Pages that are dirty: attribute, VCN, LCN, and the LSN of the first change that may not be on the disk.</param>
    /// <param name="transactions">Transactions under way: state 1 active, 2 prepared, 3 committed; first and last LSN.</param>
    public void Checkpoint((int Attribute, long Vcn, long Lcn, ulong Lsn)[]? dirty = null,
        (uint Id, byte State, ulong First, ulong Last)[]? transactions = null)
    {
        var attributes = Dump(LogOperation.OpenAttributeTableDump, Table(AttributeSize, _attributes));
        var names = new List<byte>();
        for (var i = 0; i < _names.Count; i++)
        {
            if (_names[i].Length > 0)
            {
                names.AddRange(BitConverter.GetBytes((ushort)(TableHeader + (i * AttributeSize))));
                names.AddRange(BitConverter.GetBytes((ushort)(2 * _names[i].Length)));
                names.AddRange(Encoding.Unicode.GetBytes(_names[i] + "\0"));
            }
        }

        names.AddRange(new byte[4]);
        var namesDump = Dump(LogOperation.AttributeNamesDump, [.. names]);
        var pages = dirty is null ? default : Dump(LogOperation.DirtyPageTableDump, Table(AttributeSize, [.. dirty.Select(Entry)]));
        var open = transactions is null
            ? default
            : Dump(LogOperation.TransactionTableDump, Table((int)TransactionSize, Slots(transactions)));
        var data = new byte[0x70];
        BinaryPrimitives.WriteUInt32LittleEndian(data, 1); // version of the tables
        Put(data, 0x10, 0x30, attributes);
        Put(data, 0x18, 0x34, namesDump);
        Put(data, 0x20, 0x38, pages);
        Put(data, 0x28, 0x3C, open);
        var lsn = NextLsn(data.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(8), lsn);
        _restart = Append(2, 0, 0, 0, data);
        Assert.Equal(lsn, _restart);
    }

    /// <summary>A change. Undo goes on at the transaction's change before, unless <paramref name="undoNext"/> says where.</summary>
    public ulong Change(uint transaction, MadeChange change, ulong? undoNext = null)
    {
        var lcns = change.Lcn > 0 ? 1 : 0;
        var redoOffset = 0x20 + (8 * Math.Max(1, lcns));
        var undoOffset = redoOffset + ((change.Redo.Length + 7) & ~7);
        var data = new byte[undoOffset + ((change.Undo.Length + 7) & ~7)];
        BinaryPrimitives.WriteUInt16LittleEndian(data, (ushort)change.RedoOperation);
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(2), (ushort)change.UndoOperation);
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(4), (ushort)redoOffset);
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(6), (ushort)change.Redo.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(8), (ushort)undoOffset);
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(0xA), (ushort)change.Undo.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(0xC), (ushort)change.Attribute);
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(0xE), (ushort)lcns);
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(0x10), (ushort)change.RecordOffset);
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(0x12), (ushort)change.AttributeOffset);
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(0x14), (ushort)(change.ClusterOffset / 512));
        BinaryPrimitives.WriteInt64LittleEndian(data.AsSpan(0x18), change.Vcn);
        if (lcns > 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(data.AsSpan(0x20), change.Lcn);
        }

        change.Redo.CopyTo(data, redoOffset);
        change.Undo.CopyTo(data, undoOffset);
        var previous = _previous.GetValueOrDefault(transaction);
        return _previous[transaction] = Append(1, transaction, previous, undoNext ?? previous, data);
    }

    /// <summary>Ends a transaction: its changes stay.</summary>
    public void Forget(uint transaction)
    {
        Change(transaction, new MadeChange(LogOperation.ForgetTransaction, LogOperation.CompensationLogRecord), undoNext: 0);
        _previous.Remove(transaction);
    }

    /// <summary>Writes the log into its place.</summary>
    public void Write(BlockDevice device)
    {
        var blank = new byte[PageSize];
        blank.AsSpan().Fill(0xFF);
        for (var at = 0; at < _size; at += PageSize)
        {
            device.Write(Start + at, blank);
        }

        foreach (var (at, page) in _pages)
        {
            var bytes = page.ToArray();
            Assert.True(UpdateSequence.TryEncode(bytes));
            device.Write(Start + at, bytes);
        }

        var restart = RestartPage();
        device.Write(Start, restart);
        device.Write(Start + PageSize, restart);
    }

    private byte[] RestartPage()
    {
        const int Area = 0x30;
        const int Client = 0x40; // in the area
        var page = new byte[PageSize];
        "RSTR"u8.CopyTo(page);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(4), 0x1E);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(6), (PageSize / 512) + 1);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(0x10), PageSize);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(0x14), PageSize);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(0x18), Area);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(0x1A), 1);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(0x1C), 1);
        var area = page.AsSpan(Area);
        BinaryPrimitives.WriteUInt64LittleEndian(area, _last);
        BinaryPrimitives.WriteUInt16LittleEndian(area[8..], 1);
        BinaryPrimitives.WriteUInt16LittleEndian(area[0xA..], 0xFFFF);
        BinaryPrimitives.WriteInt32LittleEndian(area[0x10..], SequenceBits);
        BinaryPrimitives.WriteUInt16LittleEndian(area[0x14..], Client + 0xA0);
        BinaryPrimitives.WriteUInt16LittleEndian(area[0x16..], Client);
        BinaryPrimitives.WriteInt64LittleEndian(area[0x18..], _size);
        BinaryPrimitives.WriteInt32LittleEndian(area[0x20..], _lastLength);
        BinaryPrimitives.WriteUInt16LittleEndian(area[0x24..], HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(area[0x26..], DataOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(area[0x28..], 7);
        var client = area[Client..];
        BinaryPrimitives.WriteUInt64LittleEndian(client, Lsn(FirstPage, DataOffset));
        BinaryPrimitives.WriteUInt64LittleEndian(client[8..], _restart);
        BinaryPrimitives.WriteUInt16LittleEndian(client[0x10..], 0xFFFF);
        BinaryPrimitives.WriteUInt16LittleEndian(client[0x12..], 0xFFFF);
        BinaryPrimitives.WriteUInt32LittleEndian(client[0x1C..], 8);
        Encoding.Unicode.GetBytes("NTFS").CopyTo(client[0x20..]);
        Assert.True(UpdateSequence.TryEncode(page));
        return page;
    }

    private (ulong Lsn, int Length) Dump(LogOperation operation, byte[] table) =>
        (Change(FirstTransaction, new MadeChange(operation, LogOperation.Noop) { Redo = table }, undoNext: 0), table.Length);

    private static byte[] Entry((int Attribute, long Vcn, long Lcn, ulong Lsn) page)
    {
        var entry = new byte[AttributeSize];
        BinaryPrimitives.WriteUInt32LittleEndian(entry, 0xFFFFFFFF);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(4), page.Attribute);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(8), PageSize);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(0xC), 1);
        BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(0x10), page.Vcn);
        BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(0x18), page.Lsn);
        BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(0x20), page.Lcn);
        return entry;
    }

    private static List<byte[]> Slots((uint Id, byte State, ulong First, ulong Last)[] transactions)
    {
        var slots = new List<byte[]>();
        foreach (var (id, state, first, last) in transactions)
        {
            while (TableHeader + (slots.Count * TransactionSize) < id)
            {
                slots.Add(new byte[TransactionSize]); // not in use
            }

            var entry = new byte[TransactionSize];
            BinaryPrimitives.WriteUInt32LittleEndian(entry, 0xFFFFFFFF);
            entry[4] = state;
            BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(8), first);
            BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(0x10), last);
            BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(0x18), last);
            slots.Add(entry);
        }

        return slots;
    }

    private static byte[] Table(int entrySize, List<byte[]> entries)
    {
        var table = new byte[TableHeader + (entrySize * entries.Count)];
        BinaryPrimitives.WriteUInt16LittleEndian(table, (ushort)entrySize);
        BinaryPrimitives.WriteUInt16LittleEndian(table.AsSpan(2), (ushort)entries.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(table.AsSpan(4), (ushort)entries.Count(e => e[0] == 0xFF));
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(0xC), 0xFFFFFFFF);
        for (var i = 0; i < entries.Count; i++)
        {
            entries[i].CopyTo(table, TableHeader + (i * entrySize));
        }

        return table;
    }

    private static void Put(byte[] data, int lsnField, int lengthField, (ulong Lsn, int Length) dump)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(lsnField), dump.Lsn);
        BinaryPrimitives.WriteInt32LittleEndian(data.AsSpan(lengthField), dump.Length);
    }

    private ulong Lsn(int page, int within) => (Round << _dataBits) + (ulong)((page + within) >> 3);

    private bool Fits(int length) => _within + HeaderSize + length <= PageSize;

    private ulong NextLsn(int length) => Fits(length) ? Lsn(_page, _within) : Lsn(_page + PageSize, DataOffset);

    private ulong Append(uint type, uint transaction, ulong previous, ulong undoNext, byte[] data)
    {
        if (!Fits(data.Length))
        {
            _page += PageSize;
            _within = DataOffset;
            Assert.True(Fits(data.Length) && _page < _size);
        }

        if (!_pages.TryGetValue(_page, out var page))
        {
            page = new byte[PageSize];
            "RCRD"u8.CopyTo(page);
            BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(4), 0x28);
            BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(6), (PageSize / 512) + 1);
            BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(0x10), 1); // a record ends here
            BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(0x14), 1);
            BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(0x16), 1);
            _pages.Add(_page, page);
        }

        var lsn = Lsn(_page, _within);
        var header = page.AsSpan(_within);
        BinaryPrimitives.WriteUInt64LittleEndian(header, lsn);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], previous);
        BinaryPrimitives.WriteUInt64LittleEndian(header[0x10..], undoNext);
        BinaryPrimitives.WriteInt32LittleEndian(header[0x18..], data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[0x20..], type);
        BinaryPrimitives.WriteUInt32LittleEndian(header[0x24..], type == 2 ? 0 : transaction);
        data.CopyTo(header[HeaderSize..]);
        _within += (HeaderSize + data.Length + 7) & ~7;
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(0x08), lsn);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(0x18), (ushort)_within);
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(0x20), lsn);
        (_last, _lastLength) = (lsn, data.Length);
        return lsn;
    }
}

/// <summary>One change of a made log.</summary>
/// <param name="RedoOperation">What redo does.</param>
/// <param name="UndoOperation">What undo does.</param>
internal sealed record MadeChange(LogOperation RedoOperation, LogOperation UndoOperation)
{
    /// <summary>Redo bytes.</summary>
    public byte[] Redo { get; init; } = [];

    /// <summary>Undo bytes.</summary>
    public byte[] Undo { get; init; } = [];

    /// <summary>Offset in the open attribute table.</summary>
    public int Attribute { get; init; }

    /// <summary>VCN of the target.</summary>
    public long Vcn { get; init; }

    /// <summary>LCN of the target; 0: the change has no target.</summary>
    public long Lcn { get; init; }

    /// <summary>Offset in the FILE record, or in the page.</summary>
    public int RecordOffset { get; init; }

    /// <summary>Offset in the attribute, or in the index block.</summary>
    public int AttributeOffset { get; init; }

    /// <summary>Bytes of the target's offset in its cluster.</summary>
    public int ClusterOffset { get; init; }
}
