namespace OfflinePatch.Ntfs.Engine.Allocation;

/// <summary>Clusters that one FILE record owns.</summary>
/// <param name="Lcn">First cluster.</param>
/// <param name="Count">Clusters, at least 1.</param>
/// <param name="Record">FILE record whose mapping pairs name them; a base or an extension record.</param>
internal readonly record struct OwnedRun(long Lcn, long Count, long Record) : IComparable<OwnedRun>
{
    /// <summary>The cluster after the last.</summary>
    public long End => Lcn + Count;

    /// <inheritdoc/>
    public int CompareTo(OwnedRun other)
    {
        var order = Lcn.CompareTo(other.Lcn);
        return order != 0 ? order : Record.CompareTo(other.Record);
    }
}
