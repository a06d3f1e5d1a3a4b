using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine.Allocation;

/// <summary>
/// Proves, before a volume is changed for the first time, that every cluster which $Bitmap marks as free is free by the records too, and
/// that no cluster has two owners. Without the proof, new content could overwrite a file, or a deletion could free clusters of another
/// file.
/// </summary>
internal sealed class AllocationCheck(ClusterBitmap bitmap, RecordPath paths)
{
    /// <summary>Max findings: the volume is refused whatever their number.</summary>
    private const int MaxFindings = 16;

    private readonly List<VolumeFinding> _findings = [];

    /// <summary>Compares what the records own with $Bitmap. Empty: the volume may be changed. Called once.</summary>
    /// <exception cref="CorruptImageException">$Bitmap cannot be read.</exception>
    public IReadOnlyList<VolumeFinding> Compare(ClusterOwners owners)
    {
        CompareWithBitmap(owners.Runs);
        FindSharedClusters(owners.Runs);
        AddUnreadable(owners.Unreadable);
        return _findings;
    }

    private bool IsFull => _findings.Count >= MaxFindings;

    private void CompareWithBitmap(ReadOnlySpan<OwnedRun> runs)
    {
        Compare(new OwnedRun(0, 1, FileReference.BootRecord)); // the boot sector, whatever the record of $Boot says
        foreach (var run in runs)
        {
            if (IsFull)
            {
                return;
            }

            Compare(run);
        }
    }

    private void Compare(OwnedRun run)
    {
        var free = bitmap.FindFree(run.Lcn, run.Count);
        if (free < 0)
        {
            return;
        }

        var last = free;
        while (last + 1 < run.End && !bitmap.IsAllocated(last + 1))
        {
            last++;
        }

        Add("NTFS-0304", "$Bitmap", free / 8, $"{Clusters(free, last)} in use, as {paths.Describe(run.Record)} owns {Them(free, last)}",
            "free");
    }

    private void FindSharedClusters(ReadOnlySpan<OwnedRun> runs)
    {
        // by LCN: a run that starts before the furthest end so far shares clusters with the run that ends there
        var furthest = default(OwnedRun);
        foreach (var run in runs)
        {
            if (IsFull)
            {
                return;
            }

            if (run.Lcn < furthest.End)
            {
                var last = Math.Min(run.End, furthest.End) - 1;
                Add(
                    "NTFS-0305",
                    Clusters(run.Lcn, last),
                    -1,
                    "one owner",
                    furthest.Record == run.Record
                        ? $"{paths.Describe(run.Record)} twice"
                        : $"{paths.Describe(furthest.Record)} and {paths.Describe(run.Record)}");
            }

            furthest = run.End > furthest.End ? run : furthest;
        }
    }

    private void AddUnreadable(IReadOnlyList<(long Record, string Problem)> unreadable)
    {
        foreach (var (record, problem) in unreadable)
        {
            if (IsFull)
            {
                return;
            }

            Add("NTFS-0306", paths.Describe(record), -1, "runs that can be read", problem);
        }
    }

    private void Add(string code, string structure, long offset, string expected, string actual) =>
        _findings.Add(new VolumeFinding(code, FindingSeverity.Error, structure, $"expected {expected}, found {actual}", offset));

    private static string Clusters(long first, long last) => first == last ? $"cluster {first}" : $"clusters {first} to {last}";

    private static string Them(long first, long last) => first == last ? "it" : "them";
}
