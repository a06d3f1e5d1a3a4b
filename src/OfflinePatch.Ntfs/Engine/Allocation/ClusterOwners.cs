using System.Runtime.InteropServices;

namespace OfflinePatch.Ntfs.Engine.Allocation;

/// <summary>
/// Which FILE record owns which clusters, as the records themselves say. $Bitmap is not asked. 24 bytes of memory per run.
/// </summary>
internal sealed class ClusterOwners
{
    private readonly List<OwnedRun> _runs;

    /// <param name="runs">The runs of all records in use, in any order; sorted here.</param>
    /// <param name="unreadable">Records in use whose clusters cannot be known.</param>
    public ClusterOwners(List<OwnedRun> runs, IReadOnlyList<(long Record, string Problem)> unreadable)
    {
        runs.Sort();
        _runs = runs;
        Unreadable = unreadable;
    }

    /// <summary>The runs of all records in use, by LCN.</summary>
    public ReadOnlySpan<OwnedRun> Runs => CollectionsMarshal.AsSpan(_runs);

    /// <summary>Records in use whose clusters cannot be known, with the reason; at most 16.</summary>
    public IReadOnlyList<(long Record, string Problem)> Unreadable { get; }

    /// <summary>The run that holds a cluster, or null when no record owns it.</summary>
    public OwnedRun? Find(long lcn)
    {
        int low = 0, high = _runs.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var run = _runs[middle];
            if (lcn >= run.Lcn && lcn < run.End)
            {
                return run;
            }

            if (lcn < run.Lcn)
            {
                high = middle - 1;
            }
            else
            {
                low = middle + 1;
            }
        }

        return null;
    }
}
