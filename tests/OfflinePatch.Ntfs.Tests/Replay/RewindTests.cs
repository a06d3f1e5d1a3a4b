using OfflinePatch.Core;
using OfflinePatch.Ntfs.LogState;
using OfflinePatch.Ntfs.Replay;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Replay;

/// <summary>
/// The logs of clean volumes, played backwards and forwards: undo of every change that Windows made in its last session takes the volume
/// back to where that began, redo brings it to where it is. What a wrong operation would do to FILE records, indexes and bitmaps cannot
/// hide in that.
/// </summary>
public sealed class RewindTests
{
    [SkippableTheory, Trait("tier", "layout")]
    [InlineData("ntfs/large-directory.bin", 0L, 0)]
    [InlineData("ntfs/ntfs-2m.raw", 65536L, 0)]
    [InlineData("ntfs/ntfs-lastaccess.raw", 65536L, 0)]
    [InlineData("ntfs/ntfs-si-vs-fn.raw", 65536L, 1)] // its makers set times of one file below NTFS
    public void Undo_and_redo_of_a_session_end_where_they_began(string name, long start, int tolerated) =>
        Rewind(name, start, tolerated, []);

    /// <summary>What is carried out without being forced was carried out here, on what Windows wrote.</summary>
    [SkippableFact, Trait("tier", "layout")]
    public void Operations_that_count_as_proven_were_met()
    {
        var met = new HashSet<LogOperation>();
        Rewind("ntfs/large-directory.bin", 0, 1, met, isGuessing: true); // one bit of an index' bitmap, unexplained
        Rewind("ntfs/ntfs-lastaccess.raw", 65536, 0, met);
        Rewind("ntfs/ntfs-2m.raw", 65536, 0, met);
        var proven = Enum.GetValues<LogOperation>().Where(o => LogApplier.IsAction(o) && LogReplayer.IsProven(o)).ToHashSet();
        Console.WriteLine($"operations met: {string.Join(", ", met.Order())}");
        Assert.True(proven.SetEquals(met),
            $"not met: {string.Join(", ", proven.Except(met))}; met, not listed: {string.Join(", ", met.Except(proven))}");
    }

    private static void Rewind(string name, long start, int tolerated, HashSet<LogOperation> met, bool isGuessing = false)
    {
        using var disk = Corpus.ReadSparse(name);
        using var device = new SubDevice(disk, start, disk.Length - start);
        var session = new WindowsSession(device, isGuessing);
        var (geometry, changes) = (session.Geometry, session.Changes);

        // a structure whose change cannot be undone stays as it is from there on; all others go further back
        var volume = new ReplayVolume(device, geometry.ClusterSize, geometry.ClusterCount);
        var applier = new LogApplier(volume, geometry.RecordSize) { IsForced = true };
        var undone = new List<int>();
        var blocked = new HashSet<long>();
        for (var i = changes.Count - 1; i >= 0; i--)
        {
            var (record, size, lcns) = (changes[i].Record, changes[i].BlockSize, changes[i].Lcns);
            if (blocked.Contains(session.Position(changes[i])))
            {
                continue;
            }

            try
            {
                if (LogApplier.IsAction(record.Undo)
                    && applier.Apply(new ReplayTarget(record, record.Undo, lcns, size), record.UndoBytes, lsn: null))
                {
                    met.Add(record.Undo);
                }

                undone.Add(i);
            }
            catch (RefusedException)
            {
                blocked.Add(session.Position(changes[i]));
            }
        }

        undone.Reverse();
        foreach (var i in undone)
        {
            var (record, size, lcns) = (changes[i].Record, changes[i].BlockSize, changes[i].Lcns);
            if (LogApplier.IsAction(record.Redo)
                && applier.Apply(new ReplayTarget(record, record.Redo, lcns, size), record.RedoBytes, lsn: null))
            {
                met.Add(record.Redo);
            }
        }

        var (differing, example) = VolumeComparison.Differences(device, volume.Read, geometry, session.UnloggedRecords);
        Console.WriteLine($"{name}: {changes.Count} changes, {undone.Count} undone and redone, {volume.ChangedBytes / 1024} KiB, "
            + $"{differing} structures differ ({example}), {blocked.Count} not undone");
        Assert.True(undone.Count > 100);
        Assert.Equal(tolerated, differing);
    }
}
