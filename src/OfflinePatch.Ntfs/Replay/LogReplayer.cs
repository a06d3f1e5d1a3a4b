using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Engine.Allocation;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Engine.Volumes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.LogState;

namespace OfflinePatch.Ntfs.Replay;

/// <summary>What a replay did.</summary>
/// <param name="Records">Log records after the last checkpoint.</param>
/// <param name="Redone">Changes that were missing on the volume and were made.</param>
/// <param name="Undone">Changes of transactions that never ended, which were undone.</param>
/// <param name="LastLsn">The newest LSN.</param>
public sealed record LogReplayResult(int Records, int Redone, int Undone, ulong LastLsn);

/// <summary>
/// Replays $LogFile as Windows does when it mounts: analysis from the last checkpoint, redo of what did not reach the disk, undo of what
/// never ended; then the mirror, and a clean log. All in memory until it succeeded, so a refusal changes nothing. Whatever is not
/// understood is refused. Source: Linux-NTFS documentation, $LogFile.
/// </summary>
public static class LogReplayer
{
    private const int MirroredRecords = 4;
    private const int VersionTwoTailPages = 0x22;

    /// <summary>
    /// Operations that no log of the Windows volumes at hand contains, or that their tests do not carry out. A transaction table with
    /// entries belongs to them: the transactions that were open at the checkpoint.
    /// </summary>
    private static readonly LogOperation[] Unproven =
    [
        LogOperation.WriteEndOfFileRecordSegment,
        LogOperation.DeleteDirtyClusters,
        LogOperation.EndTopLevelAction,
        LogOperation.PrepareTransaction,
        LogOperation.CommitTransaction,
        LogOperation.TransactionTableDump,
        LogOperation.UpdateRecordDataRoot,
        LogOperation.UpdateRecordDataAllocation,
    ];

    /// <summary>
    /// Replays the log of an unclean volume; does nothing on a clean one. The caller has made sure that nothing is hibernated.
    /// </summary>
    /// <exception cref="RefusedException"><c>NTFS-5201</c> to <c>NTFS-5207</c>: the log, or what it changes, is not understood. Nothing was
    /// written.</exception>
    /// <exception cref="CorruptImageException">The boot sector is damaged.</exception>
    /// <exception cref="IOException">The host failed.</exception>
    public static LogReplayResult Replay(BlockDevice device, LogReplayOptions? options = null)
    {
        try
        {
            return ReplayChecked(device, options ?? new LogReplayOptions());
        }
        catch (OverflowException)
        {
            throw LogError.Volume("it holds numbers that no volume can have");
        }
    }

    /// <summary>
    /// Whether logs that Windows wrote have tested an operation: their sessions were undone and redone, and every structure compared.
    /// Others are carried out only with <see cref="LogReplayOptions.Force"/>.
    /// </summary>
    internal static bool IsProven(LogOperation operation) => !Unproven.Contains(operation);

    private static LogReplayResult ReplayChecked(BlockDevice device, LogReplayOptions options)
    {
        var geometry = VolumeGeometry.Read(device);
        var log = OpenLog(device, geometry);
        var inspection = LogFileInspection.Read((offset, buffer) => log.TryRead(offset, buffer), log.Length);
        if (inspection.IsClean)
        {
            return new LogReplayResult(0, 0, 0, inspection.CurrentLsn);
        }

        if (inspection.State is not (LogFileState.UncleanCrash or LogFileState.Unclean20FastStartupOrMounted))
        {
            throw LogError.State(inspection.State);
        }

        if (log.Runs.Any(r => r.IsHole))
        {
            throw LogError.Geometry("a hole in the log");
        }

        var volume = new ReplayVolume(device, geometry.ClusterSize, geometry.ClusterCount);
        var restart = RestartPage.OverDecoded(inspection.Page.Span);
        LogReplayResult result;
        if (restart.IsClosed)
        {
            result = new LogReplayResult(0, 0, 0, restart.CurrentLsn); // version 2.0, closed: only the version prevents a mount
        }
        else
        {
            var pages = new LogPages((offset, buffer) => log.TryRead(offset, buffer), log.Length, restart);
            pages.Scan();
            var analysis = new LogAnalysis(pages, restart.LogPageSize, geometry.ClusterSize);
            analysis.Run(restart.RestartLsn);
            if (!options.Force && analysis.Unproven is { } unproven)
            {
                throw LogError.Unproven(unproven.Lsn, unproven.Operation);
            }

            var applier = new LogApplier(volume, geometry.RecordSize) { IsForced = options.Force };
            result = new LogReplayResult(analysis.Records, Redo(pages, analysis, applier), Undo(pages, analysis, applier),
                Math.Max(analysis.LastLsn, restart.CurrentLsn));
        }

        UpdateMirror(volume, geometry);
        CloseLog(volume, log, inspection.Page, result.LastLsn);
        RequireSoundAllocation(volume);
        volume.Commit();
        return result;
    }

    private static int Redo(LogPages pages, LogAnalysis analysis, LogApplier applier)
    {
        var count = 0;
        if (analysis.RedoLsn == 0 || !analysis.HasDirtyPages)
        {
            return 0;
        }

        ulong last = 0;
        for (var lsn = analysis.RedoLsn; pages.Read(lsn, out var next) is { } record; lsn = next)
        {
            last = lsn;
            if (record.IsChange && record.Problem() is { } problem)
            {
                throw LogError.Record(lsn, problem);
            }

            if (!record.IsChange || !LogApplier.IsAction(record.Redo) || record.LcnCount == 0
                || analysis.DirtyPageOf(record) is not { } page)
            {
                continue;
            }

            count += applier.Apply(TargetOf(record, record.Redo, LogAnalysis.LcnsOf(record, page), analysis), record.RedoBytes, lsn) ? 1
                : 0;
        }

        return last == analysis.LastLsn ? count : throw LogError.Gap(last, analysis.LastLsn);
    }

    private static int Undo(LogPages pages, LogAnalysis analysis, LogApplier applier)
    {
        // newest change first, over all transactions
        var pending = new PriorityQueue<ulong, ulong>(Comparer<ulong>.Create((a, b) => b.CompareTo(a)));
        foreach (var transaction in analysis.Transactions.Values)
        {
            if (transaction.IsActive && transaction.UndoNextLsn != 0)
            {
                pending.Enqueue(transaction.UndoNextLsn, transaction.UndoNextLsn);
            }
        }

        var count = 0;
        while (pending.TryDequeue(out var lsn, out _))
        {
            var record = pages.Read(lsn, out _) ?? throw LogError.Gap(lsn, analysis.LastLsn);
            if (!record.IsChange || record.Problem() is not null)
            {
                throw LogError.Record(lsn, record.Problem() ?? "undo of a checkpoint");
            }

            if (LogApplier.IsAction(record.Undo) && record.LcnCount > 0)
            {
                var lcns = new long[record.LcnCount];
                for (var i = 0; i < lcns.Length; i++)
                {
                    lcns[i] = record.Lcn(i);
                }

                count += applier.Apply(TargetOf(record, record.Undo, lcns, analysis), record.UndoBytes, lsn: null) ? 1 : 0;
            }

            if (record.UndoNextLsn >= lsn && record.UndoNextLsn != 0)
            {
                throw LogError.Record(lsn, "undo continues at a newer record");
            }

            if (record.UndoNextLsn != 0)
            {
                pending.Enqueue(record.UndoNextLsn, record.UndoNextLsn);
            }
        }

        return count;
    }

    private static ReplayTarget TargetOf(LogRecord record, LogOperation operation, long[] lcns, LogAnalysis analysis)
    {
        if (!analysis.Attributes.TryGetValue(record.TargetAttribute, out var attribute))
        {
            throw LogError.Record(record.Lsn, $"no open attribute 0x{record.TargetAttribute:X}");
        }

        return new ReplayTarget(record, operation, lcns, attribute.IndexBlockSize) { File = attribute.File.Record };
    }

    /// <summary>
    /// Judges the volume as it would be after the replay: the records and $Bitmap agree about what is free, and no cluster was written that
    /// belongs to another file than the log says. Damage of that kind existed before the crash, or the volume was changed after it.
    /// </summary>
    private static void RequireSoundAllocation(ReplayVolume volume)
    {
        try
        {
            var core = new VolumeCore(volume, VolumeGeometry.Read(volume), NtfsOpenOptions.Default);
            core.Records.Bootstrap();
            var owners = core.Owners.Read(CancellationToken.None);
            if (new AllocationCheck(core.Bitmap, core.Paths).Compare(owners) is { Count: > 0 } findings)
            {
                throw LogError.Volume($"afterwards {findings[0].Text}");
            }

            foreach (var (cluster, file) in volume.Writers)
            {
                if (owners.Find(cluster) is { } owner && core.Records.BaseOf(owner.Record) != file)
                {
                    throw LogError.Volume(
                        $"it writes cluster {cluster} of FILE record {file}, which {core.Paths.Describe(owner.Record)} owns");
                }
            }
        }
        catch (CorruptImageException damage)
        {
            throw LogError.Volume($"afterwards the volume is damaged: {damage.Message}");
        }
    }

    /// <summary>$LogFile's own runs, from record 2; its clusters never move while a volume is mounted.</summary>
    private static CheckedStream OpenLog(BlockDevice device, VolumeGeometry geometry)
    {
        var bytes = new byte[geometry.RecordSize];
        device.Read((geometry.MftLcn * geometry.ClusterSize) + (FileReference.LogFileRecord * geometry.RecordSize), bytes);
        var context = new CheckContext(device, geometry, new FindingList(1), new NtfsCheckOptions());
        var attributes = UpdateSequence.TryDecode(bytes)
            ? new RecordParser(context).Parse(bytes, FileReference.LogFileRecord, judge: false) : null;
        var data = attributes?.Where(a => a.Type == AttributeType.Data && a.Name.Length == 0 && !a.IsResident).ToList();
        return data is { Count: > 0 } ? context.Stream(data) : throw LogError.Volume("$LogFile has no clusters");
    }

    private static void UpdateMirror(ReplayVolume volume, VolumeGeometry geometry)
    {
        var records = new byte[MirroredRecords * geometry.RecordSize];
        volume.Read(geometry.MftLcn * geometry.ClusterSize, records);
        for (var i = 0; i < MirroredRecords; i++)
        {
            var record = records.AsSpan(i * geometry.RecordSize, geometry.RecordSize).ToArray();
            if (!UpdateSequence.TryDecode(record) || !FileRecord.TryCreate(record, i, out var view, out _) || view.Header.RecordNumber != i)
            {
                throw LogError.Volume($"FILE record {i} is not valid after the replay");
            }
        }

        volume.Write(geometry.MirrorLcn * geometry.ClusterSize, records);
    }

    /// <summary>
    /// Both restart pages: version 1.1, no client in use, closed, with the newest LSN; the tail copies of version 2.0 are wiped.
    /// </summary>
    private static void CloseLog(ReplayVolume volume, CheckedStream log, ReadOnlyMemory<byte> decoded, ulong lastLsn)
    {
        var page = decoded.ToArray();
        var view = RestartPage.OverDecoded(page);
        var area = view.AreaOffset;
        var wasVersionTwo = view.MajorVersion >= 2;
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(RestartPage.Layout.MinorVersion), 1);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(RestartPage.Layout.MajorVersion), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(area + RestartPage.AreaLayout.CurrentLsn), lastLsn);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(area + RestartPage.AreaLayout.FreeList), 0);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(area + RestartPage.AreaLayout.InUseList), RestartPage.NoClient);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(area + RestartPage.AreaLayout.Flags), RestartPage.CleanFlag);
        var openCount = BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(area + RestartPage.AreaLayout.OpenCount));
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(area + RestartPage.AreaLayout.OpenCount), unchecked(openCount + 1));
        if (!UpdateSequence.TryEncode(page))
        {
            throw LogError.Geometry("no update sequence");
        }

        Write(volume, log, 0, page);
        Write(volume, log, page.Length, page);
        if (wasVersionTwo)
        {
            var blank = new byte[view.LogPageSize];
            blank.AsSpan().Fill(0xFF);
            for (long at = 2L * page.Length; at < VersionTwoTailPages * (long)blank.Length
                && at + blank.Length <= log.Length; at += blank.Length)
            {
                Write(volume, log, at, blank);
            }
        }
    }

    private static void Write(ReplayVolume volume, CheckedStream log, long offset, ReadOnlySpan<byte> bytes)
    {
        foreach (var run in log.Runs)
        {
            var start = run.Vcn * volume.ClusterSize;
            var end = run.EndVcn * volume.ClusterSize;
            while (bytes.Length > 0 && offset >= start && offset < end)
            {
                var count = (int)Math.Min(bytes.Length, end - offset);
                volume.Write((run.Lcn * volume.ClusterSize) + offset - start, bytes[..count]);
                bytes = bytes[count..];
                offset += count;
            }
        }
    }
}
