namespace OfflinePatch.Ntfs.Engine;

/// <summary>
/// Counts the changes of a volume in memory: walks that are under way notice them, and a flush knows whether it has work.
/// </summary>
internal sealed class ChangeCounter
{
    /// <summary>Changes since the volume was opened. Reset only by code that has undone all its changes since.</summary>
    public int Count { get; set; }
}
