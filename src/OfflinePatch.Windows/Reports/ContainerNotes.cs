using OfflinePatch.Disks;

namespace OfflinePatch.Windows.Reports;

/// <summary>What a container says about itself that its owner should know before it is changed, copied or backed up.</summary>
internal static class ContainerNotes
{
    /// <summary>The notes, in full sentences.</summary>
    public static IEnumerable<string> Of(DiskImage disk)
    {
        var facts = disk.Properties;
        if (facts.GetValueOrDefault("snapshots") is { } snapshots and not "0")
        {
            yield return $"The image holds {snapshots} {(snapshots == "1" ? "snapshot" : "snapshots")} of earlier states: only its present "
                + "state is read, and changed.";
        }

        if (facts.GetValueOrDefault("dirty") == "true")
        {
            yield return "The image was not closed properly: its reference counts are recomputed before the first change.";
        }

        if (facts.GetValueOrDefault("needCheck") == "true")
        {
            yield return "The image was not closed properly: its tables are checked before the first change.";
        }

        if (facts.GetValueOrDefault("logReplayed") == "true")
        {
            yield return "The image was not closed properly: its log was replayed to read it.";
        }

        if (facts.GetValueOrDefault("uncleanShutdown") == "true")
        {
            yield return "The image was not closed properly, or was copied while a machine ran from it.";
        }

        if (facts.GetValueOrDefault("changeTrackPath") is { Length: > 0 } path)
        {
            yield return $"Changed block tracking is on ({path}): a backup that relies on it does not see what is changed here; make "
                + "the next one a full backup.";
        }
    }
}
