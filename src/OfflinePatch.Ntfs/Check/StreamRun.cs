namespace OfflinePatch.Ntfs.Check;

/// <summary>A run of a stream as stored in the mapping pairs.</summary>
/// <param name="Vcn">First cluster of the stream.</param>
/// <param name="Lcn">First cluster of the volume, -1 for a hole.</param>
/// <param name="Count">Clusters.</param>
internal readonly record struct StreamRun(long Vcn, long Lcn, long Count)
{
    public bool IsHole => Lcn < 0;

    public long EndVcn => Vcn + Count;
}
