using OfflinePatch.Core;

namespace OfflinePatch.Disks.Qcow2;

/// <summary>Rebuilds the reference counts of a dirty image (incompatible feature bit 0) from what its tables reference.</summary>
internal static class Qcow2Rebuild
{
    /// <summary>Gives every range that needs one a refcount block, then sets every count.</summary>
    public static void Run(ResizableDevice file, Qcow2Header header, Qcow2Refcounts refcounts, Qcow2References references)
    {
        var end = references.End; // new structures go after everything that is in use
        var neededBlocks = ((end - 1) / refcounts.PerBlock) + 1;
        if (neededBlocks > refcounts.BlockCount)
        {
            end = MoveTable(header, refcounts, references, neededBlocks, end);
        }

        // New blocks go to the end, which may reach into a range that has none yet: the loop gets there later.
        for (long index = 0; index * refcounts.PerBlock < end; index++)
        {
            if (refcounts.BlockOffset(index) != 0 || !IsUsed(references, refcounts, index, end))
            {
                continue;
            }

            if (index >= refcounts.BlockCount)
            {
                end = MoveTable(header, refcounts, references, index + 1, end);
            }

            file.EnsureLength((end + 1) << header.ClusterBits);
            file.Write(end << header.ClusterBits, new byte[header.ClusterSize]);
            refcounts.SetBlock(index, end << header.ClusterBits);
            references.Take(end++);
        }

        SetAll(header, refcounts, references, end);
    }

    private static long MoveTable(Qcow2Header header, Qcow2Refcounts refcounts, Qcow2References references, long blocks, long end)
    {
        var old = header.RefcountTableOffset >> header.ClusterBits;
        for (var cluster = old; cluster < old + header.RefcountTableClusters; cluster++)
        {
            references[cluster]--;
        }

        var clusters = refcounts.TableClustersFor(blocks + 2);
        refcounts.MoveTable(end << header.ClusterBits, clusters);
        for (var i = 0; i < clusters; i++)
        {
            references.Take(end++);
        }

        return end;
    }

    private static bool IsUsed(Qcow2References references, Qcow2Refcounts refcounts, long index, long end)
    {
        var last = Math.Min(end, (index + 1) * refcounts.PerBlock);
        for (var cluster = index * refcounts.PerBlock; cluster < last; cluster++)
        {
            if (references[cluster] != 0)
            {
                return true;
            }
        }

        return false;
    }

    private static void SetAll(Qcow2Header header, Qcow2Refcounts refcounts, Qcow2References references, long end)
    {
        for (long index = 0; index < refcounts.BlockCount; index++)
        {
            if (refcounts.BlockOffset(index) == 0)
            {
                continue;
            }

            for (var cluster = index * refcounts.PerBlock; cluster < (index + 1) * refcounts.PerBlock; cluster++)
            {
                ulong counted = cluster < end ? references[cluster] : 0;
                if (counted > refcounts.Most)
                {
                    throw Qcow2Error.RefcountTooHigh(cluster, header.ClusterSize, counted, refcounts.Most);
                }

                if (refcounts.Get(cluster) != counted)
                {
                    refcounts.Set(cluster, counted);
                }
            }
        }
    }
}
