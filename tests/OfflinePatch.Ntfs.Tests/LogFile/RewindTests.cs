using OfflinePatch.Core;
using OfflinePatch.Ntfs.LogFile;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.LogFile;

/// <summary>
/// The logs of clean volumes, played backwards and forwards: undo of every change that Windows made in its last session takes the volume back to where
/// that began, redo brings it to where it is. What a wrong operation would do to FILE records, indexes and bitmaps cannot hide in that.
/// </summary>
public sealed class RewindTests
{
    [SkippableTheory, Trait("tier", "layout")]
    [InlineData("ntfs/large-directory.bin", 0L, 0)]
    [InlineData("ntfs/ntfs-2m.raw", 65536L, 0)]
    [InlineData("ntfs/ntfs-lastaccess.raw", 65536L, 0)]
    [InlineData("ntfs/ntfs-si-vs-fn.raw", 65536L, 1)] // its makers set times of one file below NTFS
    public void Undo_and_redo_of_a_session_end_where_they_began(string name, long start, int tolerated)
    {
        using var disk = Corpus.ReadSparse(name);
        using var device = new SubDevice(disk, start, disk.Length - start);
        var session = new WindowsSession(device);
        var (geometry, changes) = (session.Geometry, session.Changes);

        // a change that has no undo ends the way back
        var volume = new ReplayVolume(device, geometry.ClusterSize, geometry.ClusterCount);
        var applier = new LogApplier(volume, geometry.RecordSize);
        var undone = new List<int>();
        string? stopped = null;
        for (var i = changes.Count - 1; i >= 0 && stopped is null; i--)
        {
            var (record, size, lcns) = (changes[i].Record, changes[i].BlockSize, changes[i].Lcns);
            try
            {
                if (LogApplier.IsAction(record.Undo))
                {
                    applier.Apply(new ReplayTarget(record, record.Undo, lcns, size), record.UndoBytes, lsn: null);
                }

                undone.Add(i);
            }
            catch (RefusedException refusal)
            {
                stopped = refusal.Message;
            }
        }

        undone.Reverse();
        foreach (var i in undone)
        {
            var (record, size, lcns) = (changes[i].Record, changes[i].BlockSize, changes[i].Lcns);
            if (LogApplier.IsAction(record.Redo))
            {
                applier.Apply(new ReplayTarget(record, record.Redo, lcns, size), record.RedoBytes, lsn: null);
            }
        }

        var (differing, example) = VolumeComparison.Differences(device, volume.Read, geometry, session.UnloggedRecords);
        Console.WriteLine($"{name}: {changes.Count} changes, {undone.Count} undone and redone, {volume.ChangedBytes / 1024} KiB, {differing} structures differ ({example}); {stopped}");
        Assert.True(undone.Count > 100);
        Assert.Equal(tolerated, differing);
    }
}
