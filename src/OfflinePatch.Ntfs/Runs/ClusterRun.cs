namespace OfflinePatch.Ntfs.Runs;

/// <summary>Consecutive clusters of a stream that are consecutive on the volume too, or a hole.</summary>
/// <param name="Vcn">First cluster in the stream.</param>
/// <param name="Lcn">First cluster on the volume; -1 for a hole.</param>
/// <param name="Count">Clusters, at least 1.</param>
internal readonly record struct ClusterRun(long Vcn, long Lcn, long Count)
{
    /// <summary>Whether it has no clusters.</summary>
    public bool IsHole => Lcn < 0;

    /// <summary>The VCN after the last.</summary>
    public long EndVcn => Vcn + Count;
}
