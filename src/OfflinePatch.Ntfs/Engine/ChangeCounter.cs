namespace OfflinePatch.Ntfs.Engine;

/// <summary>
/// Counts the changes of a volume in memory: walks that are under way notice them, and a flush knows whether it has work.
/// </summary>
internal sealed class ChangeCounter
{
    /// <summary>Changes since the volume was opened. Set back only by who took back all that it did since.</summary>
    public int Count { get; set; }
}
