using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.LogState;
using OfflinePatch.Ntfs.Replay;
using OfflinePatch.Ntfs.Tests.Check;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Replay;

/// <summary>
/// Crashes made from a clean Windows volume and its own log: the log is cut behind some record, every change behind it is taken back, and
/// of the changes before it a random part is taken back too, as if those pages had not been written yet. A replay must make the volume
/// whole again.
/// </summary>
public sealed class CrashReplayTests
{
    [SkippableFact, Trait("tier", "crash")]
    public void A_cut_log_makes_the_volume_whole() => Cut(12, 11);

    [SkippableFact, Trait("tier", "crash"), Trait("speed", "slow")]
    public void Many_cut_logs_make_the_volume_whole() => Cut(250, 12);

    private static void Cut(int cuts, int seed)
    {
        var origin = Corpus.Read("ntfs/large-directory.bin");
        using var clean = new MemoryDevice(origin);
        var session = new WindowsSession(clean);
        var (checkpoint, chain) = LongestChain(session);
        Assert.True(chain.Count > 50, $"{chain.Count} records behind a checkpoint");
        var random = new Random(seed);
        var redone = 0;
        var undone = 0;
        var tried = 0;
        for (var cut = 0; cut < cuts; cut++)
        {
            var last = chain[cut == 0 ? chain.Count - 1 : random.Next(5, chain.Count)];
            if (IsOverwritten(session, last.Lsn))
            {
                cuts += cuts < 4000 ? 1 : 0;
                continue;
            }

            tried++;
            using var device = new MemoryDevice(origin);
            Rewind(device, session, checkpoint, last, cut == 1 ? 100 : random.Next(101), random);
            CutLog(device, session, checkpoint, last);
            Assert.Equal(LogFileState.UncleanCrash, State(device));
            var result = LogReplayer.Replay(device);
            redone += result.Redone;
            undone += result.Undone;
            Assert.Equal(LogFileState.Clean, State(device));
            var findings = NtfsChecker.Check(device).Where(f => f.Severity == FindingSeverity.Error).ToList();
            Assert.True(findings.Count == 0,
                $"cut {cut} behind 0x{last.Lsn:X} ({last.Redo}): {result}\n{string.Join("\n", findings.Take(8))}");
            if (cut == 0)
            {
                var (differing, example) =
                    VolumeComparison.Differences(clean, device.Read, session.Geometry, session.UnloggedRecords, [LogRange(device)]);
                Assert.True(differing == 0, $"{differing} differ: {example}");
            }

            var again = LogReplayer.Replay(device);
            Assert.Equal(0, again.Redone + again.Undone);
        }

        Console.WriteLine($"crashes: {chain.Count} records, {tried} cuts, {redone} redone, {undone} undone");
        Assert.True(tried >= 10 && redone > 500 && undone > 3);
    }

    /// <summary>The replay itself is fine, but afterwards $Bitmap calls a cluster free that a file owns: nothing is written.</summary>
    [SkippableFact, Trait("tier", "crash")]
    public void A_replay_that_leaves_a_file_without_its_clusters_is_refused()
    {
        var origin = Corpus.Read("ntfs/large-directory.bin");
        using var clean = new MemoryDevice(origin);
        var session = new WindowsSession(clean);
        var (checkpoint, chain) = LongestChain(session);
        using var crashed = new MemoryDevice(origin);
        Rewind(crashed, session, checkpoint, chain[^1], 60, new Random(5));
        CutLog(crashed, session, checkpoint, chain[^1]);
        var surgeon = new VolumeSurgeon(crashed);
        var upcase = surgeon.Record(FileReference.UpCaseRecord);
        var (_, lcn, _) = surgeon.Runs(upcase, VolumeSurgeon.Attribute(upcase, AttributeType.Data))[0];
        surgeon.SetClusterBit(lcn, value: false);
        var bytes = new byte[origin.Length];
        crashed.Read(0, bytes);
        var device = new CopyOnWriteDevice(bytes);
        var refusal = Assert.Throws<RefusedException>(() => LogReplayer.Replay(device, new LogReplayOptions { Force = true }));
        Assert.Equal("NTFS-5207", refusal.Code);
        Assert.Contains($"cluster {lcn} in use, as $UpCase (FILE record 10) owns it", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(0, device.Writes);
    }

    [SkippableFact, Trait("tier", "fuzz")]
    public void A_damaged_log_is_refused_or_replayed_and_never_half()
    {
        var origin = Corpus.Read("ntfs/large-directory.bin");
        using var clean = new MemoryDevice(origin);
        var session = new WindowsSession(clean);
        var (checkpoint, chain) = LongestChain(session);
        using var crashed = new MemoryDevice(origin);
        var random = new Random(5);
        Rewind(crashed, session, checkpoint, chain[^1], 60, random);
        CutLog(crashed, session, checkpoint, chain[^1]);
        var bytes = new byte[origin.Length];
        crashed.Read(0, bytes);
        var (from, to) = LogRange(crashed);
        var refused = 0;
        for (var i = 0; i < 150; i++)
        {
            using var device = new CopyOnWriteDevice(bytes);
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                Damage(device, random, from, to, session, checkpoint, chain);
            }

            device.Writes = 0;
            try
            {
                LogReplayer.Replay(device);
            }
            catch (Exception e) when (e is RefusedException or CorruptImageException)
            {
                refused++;
                Assert.Equal(0, device.Writes);
            }
        }

        Assert.InRange(refused, 10, 150);
    }

    private static void Damage(BlockDevice device, Random random, long from, long to, WindowsSession session, LogRecord checkpoint,
        List<LogRecord> chain)
    {
        // a page of the replayed part, or a restart page, with one field changed and protected again
        var lsn = random.Next(8) == 0 ? checkpoint.Lsn : chain[random.Next(chain.Count)].Lsn;
        var at = random.Next(6) == 0 ? from : from + ((long)((lsn & ((1UL << (64 - 45)) - 1)) << 3) / 4096 * 4096);
        _ = session;
        if (at >= to)
        {
            return;
        }

        var page = new byte[4096];
        device.Read(at, page);
        var decoded = UpdateSequence.TryDecode(page);
        var field = random.Next(0x40, 4088);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(field & ~1), (ushort)(random.Next(3) == 0 ? 0xFFFF : random.Next(65536)));
        if (decoded && random.Next(10) > 0)
        {
            UpdateSequence.TryEncode(page);
        }

        device.Write(at, page);
    }

    /// <summary>
    /// The checkpoint with the most records behind it in one piece, of those that the volume can be taken back to (older changes are not
    /// all in the log).
    /// </summary>
    private static (LogRecord Checkpoint, List<LogRecord> Chain) LongestChain(WindowsSession session)
    {
        const ulong Oldest = 0x4A0000;
        (LogRecord, List<LogRecord>)? best = null;
        foreach (var checkpoint in session.Records.Where(r => r.Type == 2 && r.Lsn > Oldest))
        {
            var chain = new List<LogRecord>();
            _ = session.Pages.Read(checkpoint.Lsn, out var next);
            for (var lsn = next; session.Pages.Read(lsn, out next) is { } record; lsn = next)
            {
                chain.Add(record);
            }

            best = best is { } known && known.Item2.Count >= chain.Count ? best : (checkpoint, chain);
        }

        return best ?? throw new InvalidOperationException("no checkpoint");
    }

    private static void Rewind(MemoryDevice device, WindowsSession session, LogRecord checkpoint, LogRecord last, int percent,
        Random random)
    {
        var volume = new ReplayVolume(device, session.Geometry.ClusterSize, session.Geometry.ClusterCount);
        var applier = new LogApplier(volume, session.Geometry.RecordSize);
        var lost = new Dictionary<long, bool>();
        var lsns = new Dictionary<long, (ulong Lsn, int Size)>();
        for (var i = session.Changes.Count - 1; i >= 0 && session.Changes[i].Record.Lsn > checkpoint.Lsn; i--)
        {
            var change = session.Changes[i];
            var position = session.Position(change);
            if (!lost.TryGetValue(position, out var isLost))
            {
                isLost = random.Next(100) < percent && !IsReused(session, position, checkpoint.Lsn);
                lost.Add(position, isLost);
            }

            var size = change.BlockSize > 0 ? change.BlockSize : IsRecordChange(change.Record.Redo) ? session.Geometry.RecordSize : 0;
            if (change.Record.Lsn <= last.Lsn && !isLost)
            {
                lsns.TryAdd(position, (change.Record.Lsn, size));
                continue;
            }

            if (LogApplier.IsAction(change.Record.Undo))
            {
                applier.Apply(new ReplayTarget(change.Record, change.Record.Undo, change.Lcns, change.BlockSize), change.Record.UndoBytes,
                    lsn: null);
            }

            if (isLost || !lsns.ContainsKey(position))
            {
                lsns[position] = (checkpoint.Lsn, size);
            }
        }

        // what was written before the crash carries the LSN of its last change
        foreach (var (position, _) in lost)
        {
            var kept = lost[position] ? null : session.ByPosition[position].LastOrDefault(c => c.Record.Lsn <= last.Lsn);
            var size = lsns.TryGetValue(position, out var known) ? known.Size : 0;
            SetLsn(volume, position, size, kept?.Record.Lsn > checkpoint.Lsn ? kept.Record.Lsn : checkpoint.Lsn);
        }

        volume.Commit();
    }

    /// <summary>
    /// A record that is freed and taken again behind the cut: its old content is in no log, so the volume cannot be taken back to the cut.
    /// </summary>
    private static bool IsOverwritten(WindowsSession session, ulong cut) => session.Reuses.Any(r => r.Value.Exists(lsn => lsn > cut));

    private static bool IsReused(WindowsSession session, long position, ulong after) => session.Reuses.TryGetValue(position, out var freed)
        && freed.Exists(lsn => lsn > after);

    private static bool IsRecordChange(LogOperation operation) =>
        operation is not (LogOperation.UpdateNonresidentValue or LogOperation.SetBitsInNonresidentBitMap
        or LogOperation.ClearBitsInNonresidentBitMap);

    private static void SetLsn(ReplayVolume volume, long position, int size, ulong lsn)
    {
        if (size == 0)
        {
            return;
        }

        var structure = new byte[size];
        volume.Read(position, structure);
        if (UpdateSequence.TryDecode(structure))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(structure.AsSpan(8), lsn);
            UpdateSequence.TryEncode(structure);
            volume.Write(position, structure);
        }
    }

    /// <summary>
    /// The log ends behind <paramref name="last"/>, was not closed, and its newest checkpoint is <paramref name="checkpoint"/>.
    /// </summary>
    private static void CutLog(MemoryDevice device, WindowsSession session, LogRecord checkpoint, LogRecord last)
    {
        var (from, to) = LogRange(device);
        var page = new byte[4096];
        for (var at = from + 8192; at < to; at += 4096)
        {
            device.Read(at, page);
            if (!UpdateSequence.TryDecode(page))
            {
                continue;
            }

            var isTail = at < from + 16384;
            var newest = BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan(0x20));
            if (isTail || newest > last.Lsn)
            {
                var kept = session.Records.FindLast(r => r.Lsn <= last.Lsn && Page(r.Lsn) == at - from);
                if (isTail || kept is null)
                {
                    device.Write(at, new byte[4096]);
                    continue;
                }

                // clear what stands behind the last record, and let it be the page's last
                var end = (int)((kept.Lsn & ((1UL << 19) - 1)) << 3) % 4096 + 0x30 + kept.Data.Length;
                if (end <= 4096)
                {
                    page.AsSpan(end).Clear();
                }

                BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(0x08), kept.Lsn);
                BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(0x20), kept.Lsn);
                UpdateSequence.TryEncode(page);
                device.Write(at, page);
            }
        }

        var restart = (byte[])session.Page.Clone();
        var area = BinaryPrimitives.ReadUInt16LittleEndian(restart.AsSpan(0x18));
        BinaryPrimitives.WriteUInt64LittleEndian(restart.AsSpan(area), checkpoint.Lsn);
        BinaryPrimitives.WriteUInt16LittleEndian(restart.AsSpan(area + 0x0E), 0);
        BinaryPrimitives.WriteUInt64LittleEndian(restart.AsSpan(area + 0x40 + 8), checkpoint.Lsn);
        UpdateSequence.TryEncode(restart);
        device.Write(from, restart);
        device.Write(from + 4096, restart);
    }

    private static long Page(ulong lsn) => (long)((lsn & ((1UL << 19) - 1)) << 3) / 4096 * 4096;

    private static (long From, long To) LogRange(BlockDevice device)
    {
        var surgeon = new VolumeSurgeon(device);
        var record = surgeon.Record(2);
        var run = Assert.Single(surgeon.Runs(record, VolumeSurgeon.Attribute(record, AttributeType.Data)));
        return (run.Lcn * surgeon.ClusterSize, (run.Lcn + run.Count) * surgeon.ClusterSize);
    }

    private static LogFileState State(BlockDevice device)
    {
        var (read, length) = WindowsLogTests.Log(device);
        return LogFileInspection.Read(read, length).State;
    }
}
