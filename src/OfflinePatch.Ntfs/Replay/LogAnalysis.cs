using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Replay;

/// <summary>
/// The first pass: from the last checkpoint to the end of the log, which pages were dirty and which transactions were open. Source:
/// Linux-NTFS documentation, $LogFile.
/// </summary>
internal sealed class LogAnalysis
{
    private const int MaximumRecords = 4_000_000;

    /// <summary>Bytes of a range in the redo bytes of DeleteDirtyClusters: i64 first LCN, i64 number of clusters.</summary>
    private const int RangeSize = 16;

    private const int RangeCount = 8;

    private readonly LogPages _pages;
    private readonly int _clustersPerPage;
    private readonly Dictionary<int, OpenAttribute> _attributes = [];
    private readonly Dictionary<(int Attribute, long Vcn), DirtyPage> _dirty = [];
    private readonly Dictionary<uint, OpenTransaction> _transactions = [];

    public LogAnalysis(LogPages pages, int logPageSize, int clusterSize)
    {
        _pages = pages;
        _clustersPerPage = Math.Max(1, logPageSize / clusterSize);
    }

    /// <summary>Attributes by their offset in the open attribute table.</summary>
    public IReadOnlyDictionary<int, OpenAttribute> Attributes => _attributes;

    /// <summary>Transactions by id.</summary>
    public IReadOnlyDictionary<uint, OpenTransaction> Transactions => _transactions;

    /// <summary>Whether some page was dirty.</summary>
    public bool HasDirtyPages => _dirty.Count > 0;

    /// <summary>LSN of the last record.</summary>
    public ulong LastLsn { get; private set; }

    /// <summary>Where redo starts; 0: nothing to do.</summary>
    public ulong RedoLsn { get; private set; }

    /// <summary>Records that the pass read.</summary>
    public int Records { get; private set; }

    /// <summary>The first record whose bookkeeping no real log has tested, or null.</summary>
    public (ulong Lsn, LogOperation Operation)? Unproven { get; private set; }

    /// <summary>Version of the client's tables: 0 or 1.</summary>
    public uint TableVersion { get; private set; }

    /// <summary>Reads the checkpoint and everything after it.</summary>
    /// <param name="restartLsn">The client's newest checkpoint record; 0: there is none.</param>
    /// <exception cref="RefusedException"><c>NTFS-5203</c> to <c>NTFS-5205</c>.</exception>
    public void Run(ulong restartLsn)
    {
        if (restartLsn == 0)
        {
            return;
        }

        var restart = _pages.Read(restartLsn, out var next) ?? throw LogError.Gap(0, restartLsn);
        if (restart.Type != LogRecord.CheckpointType || restart.Data.Length < CheckpointLayout.Size)
        {
            throw LogError.Record(restartLsn, "no checkpoint");
        }

        TableVersion = BinaryPrimitives.ReadUInt32LittleEndian(restart.Data[CheckpointLayout.Version..]);
        if (TableVersion > 1)
        {
            throw LogError.Record(restartLsn, $"tables of version {TableVersion}");
        }

        LoadTables(restart);
        var checkpoint = BinaryPrimitives.ReadUInt64LittleEndian(restart.Data[CheckpointLayout.StartLsn..]);
        LastLsn = restartLsn;
        if (checkpoint != 0 && checkpoint != restartLsn)
        {
            _ = _pages.Read(checkpoint, out next) ?? throw LogError.Gap(0, checkpoint);
        }

        for (var lsn = next; _pages.Read(lsn, out next) is { } record; lsn = next)
        {
            if (++Records > MaximumRecords)
            {
                throw LogError.Record(lsn, "more records than a log can hold");
            }

            RedoLsn = RedoLsn == 0 ? lsn : RedoLsn;
            LastLsn = Math.Max(LastLsn, lsn);
            if (record.IsChange)
            {
                Note(record);
            }
        }

        if (LastLsn != _pages.NewestLsn)
        {
            throw LogError.Gap(LastLsn, _pages.NewestLsn);
        }

        FindRedoStart();
    }

    /// <summary>The dirty page that a record changes; null: the change is on disk.</summary>
    public DirtyPage? DirtyPageOf(LogRecord record) =>
        _dirty.TryGetValue((record.TargetAttribute, record.TargetVcn), out var page) && record.Lsn >= page.OldestLsn ? page : null;

    /// <summary>LCNs of a record's clusters as the dirty page table knows them now.</summary>
    public static long[] LcnsOf(LogRecord record, DirtyPage page)
    {
        var first = (int)(record.TargetVcn - page.Vcn);
        return page.Lcns[first..];
    }

    private void LoadTables(LogRecord restart)
    {
        if (Table(restart, CheckpointLayout.AttributesLsn, CheckpointLayout.AttributesLength) is { } attributes)
        {
            foreach (var (offset, entry) in RestartTable.Read(attributes))
            {
                if (OpenAttribute.Parse(entry, TableVersion) is { } attribute)
                {
                    _attributes[offset] = attribute;
                }
            }
        }

        if (Table(restart, CheckpointLayout.PagesLsn, CheckpointLayout.PagesLength) is { } pages)
        {
            foreach (var (_, entry) in RestartTable.Read(pages))
            {
                AddDumpedPage(pages, entry);
            }
        }

        if (Table(restart, CheckpointLayout.TransactionsLsn, CheckpointLayout.TransactionsLength) is { } transactions)
        {
            foreach (var (offset, entry) in RestartTable.Read(transactions))
            {
                Unproven ??= (transactions.Lsn, LogOperation.TransactionTableDump);
                _transactions[(uint)offset] = OpenTransaction.Parse(entry);
            }
        }
    }

    private LogRecord? Table(LogRecord restart, int lsnField, int lengthField)
    {
        var lsn = BinaryPrimitives.ReadUInt64LittleEndian(restart.Data[lsnField..]);
        if (lsn == 0 || BinaryPrimitives.ReadUInt32LittleEndian(restart.Data[lengthField..]) == 0)
        {
            return null;
        }

        var record = _pages.Read(lsn, out _) ?? throw LogError.Gap(0, lsn);
        return record.Data.Length >= LogRecord.DataLayout.Lcns ? record : throw LogError.Record(lsn, "a table that is cut off");
    }

    private void AddDumpedPage(LogRecord record, byte[] entry)
    {
        if (!DirtyPage.TryParse(entry, TableVersion, out var page, out var count))
        {
            throw LogError.Record(record.Lsn, $"a dirty page of {count} clusters");
        }

        Register(page, record.Lsn);
    }

    private void Register(DirtyPage page, ulong lsn)
    {
        if (page.Vcn < 0 || page.Vcn > long.MaxValue / 2)
        {
            throw LogError.Record(lsn, $"a dirty page at VCN {page.Vcn}");
        }

        for (var i = 0; i < page.Lcns.Length; i++)
        {
            if (_dirty.TryGetValue((page.Attribute, page.Vcn + i), out var known))
            {
                known.OldestLsn = Math.Min(known.OldestLsn, page.OldestLsn);
            }
            else
            {
                _dirty.Add((page.Attribute, page.Vcn + i), page);
            }
        }
    }

    private void Note(LogRecord record)
    {
        if (record.Problem() is { } problem)
        {
            throw LogError.Record(record.Lsn, problem);
        }

        if (!_transactions.TryGetValue(record.TransactionId, out var transaction))
        {
            transaction = new OpenTransaction(record.Lsn);
            _transactions.Add(record.TransactionId, transaction);
        }

        if (!LogApplier.IsAction(record.Redo) && !LogReplayer.IsProven(record.Redo))
        {
            Unproven ??= (record.Lsn, record.Redo);
        }

        transaction.UndoNextLsn = record.Undo == LogOperation.CompensationLogRecord ? record.UndoNextLsn : record.Lsn;
        switch (record.Redo)
        {
            case LogOperation.OpenNonresidentAttribute:
                if (OpenAttribute.Parse(record.RedoBytes, TableVersion) is { } attribute)
                {
                    _attributes[record.TargetAttribute] = attribute;
                }

                break;
            case LogOperation.DeleteDirtyClusters:
                Forget(record);
                break;
            case LogOperation.HotFix:
                throw LogError.Operation(record.Lsn, (int)record.Redo); // a bad cluster was replaced: never seen, so not trusted
            case LogOperation.EndTopLevelAction:
                transaction.UndoNextLsn = record.UndoNextLsn;
                break;
            case LogOperation.PrepareTransaction or LogOperation.CommitTransaction:
                transaction.IsActive = false;
                break;
            case LogOperation.ForgetTransaction:
                _transactions.Remove(record.TransactionId);
                break;
            default:
                if (!Enum.IsDefined(record.Redo) || !Enum.IsDefined(record.Undo))
                {
                    throw LogError.Operation(record.Lsn, (int)(Enum.IsDefined(record.Redo) ? record.Undo : record.Redo));
                }

                if (LogApplier.IsAction(record.Redo) && record.LcnCount > 0)
                {
                    Touch(record);
                }

                break;
        }
    }

    /// <summary>The record's page is dirty from now on, at the LCNs that it names.</summary>
    private void Touch(LogRecord record)
    {
        var vcn = record.TargetVcn;
        if (!_dirty.TryGetValue((record.TargetAttribute, vcn), out var page))
        {
            var first = vcn / _clustersPerPage * _clustersPerPage;
            var count = (int)Math.Max(_clustersPerPage, vcn - first + record.LcnCount);
            page = new DirtyPage(record.TargetAttribute, first, record.Lsn, new long[count]);
            Register(page, record.Lsn);
            page = _dirty[(record.TargetAttribute, vcn)];
        }

        for (var i = 0; i < record.LcnCount; i++)
        {
            if (_dirty.TryGetValue((record.TargetAttribute, vcn + i), out var owner))
            {
                owner.Lcns[vcn + i - owner.Vcn] = record.Lcn(i);
            }
        }
    }

    /// <summary>Redo bytes: pairs of LCN and count that no file owns any more.</summary>
    private void Forget(LogRecord record)
    {
        var ranges = record.RedoBytes;
        for (; ranges.Length >= RangeSize; ranges = ranges[RangeSize..])
        {
            var from = BinaryPrimitives.ReadInt64LittleEndian(ranges);
            var count = BinaryPrimitives.ReadInt64LittleEndian(ranges[RangeCount..]);
            if (from < 0 || count < 0)
            {
                throw LogError.Record(record.Lsn, $"{count} clusters from {from}");
            }

            foreach (var page in _dirty.Values)
            {
                for (var i = 0; i < page.Lcns.Length; i++)
                {
                    if (page.Lcns[i] >= from && page.Lcns[i] - from < count)
                    {
                        page.Lcns[i] = 0;
                    }
                }
            }
        }
    }

    private void FindRedoStart()
    {
        foreach (var page in _dirty.Values)
        {
            if (page.OldestLsn != 0 && (page.OldestLsn < RedoLsn || RedoLsn == 0))
            {
                RedoLsn = page.OldestLsn;
            }
        }

        foreach (var transaction in _transactions.Values)
        {
            if (transaction.FirstLsn != 0 && (transaction.FirstLsn < RedoLsn || RedoLsn == 0))
            {
                RedoLsn = transaction.FirstLsn;
            }
        }

        if (_dirty.Count == 0 && _transactions.Count == 0)
        {
            RedoLsn = 0;
        }
    }
}
