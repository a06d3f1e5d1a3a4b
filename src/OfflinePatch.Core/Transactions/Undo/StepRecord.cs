namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>One host file in an undo file.</summary>
/// <param name="Index">Its place; the file that was named is the first.</param>
/// <param name="Name">Its name in the folder of the image.</param>
/// <param name="OldLength">Bytes before the change.</param>
/// <param name="NewLength">Bytes after it.</param>
/// <param name="OldTime">Last write before the change.</param>
/// <param name="NewTime">Last write after it, or null where that is not recorded.</param>
/// <param name="Identity">Which file it was.</param>
/// <param name="Ranges">What the change writes and cuts, ascending.</param>
/// <param name="Evidence">What the change was based on and does not write, or null.</param>
/// <param name="LegacySamples">In a file of version 2, the hash of blocks that the change leaves alone; null in later ones.</param>
internal sealed record StepRecord(
    int Index,
    string Name,
    long OldLength,
    long NewLength,
    FileTimestamp OldTime,
    FileTimestamp? NewTime,
    FileIdentity Identity,
    StepRange[] Ranges,
    StepEvidence? Evidence,
    ReadOnlyMemory<byte>? LegacySamples = null)
{
    /// <summary>Bytes that the change writes.</summary>
    public long ByteCount => Ranges.Sum(r => (long)r.NewLength);
}

/// <summary>One range of a host file in an undo file.</summary>
/// <param name="Offset">First byte in the host file.</param>
/// <param name="NewLength">Bytes that the change writes; 0 where it cuts the file.</param>
/// <param name="OldLength">Bytes that were there.</param>
/// <param name="OldKind">Where these are.</param>
/// <param name="HashPosition">Offset in the undo file of the hashes of what the change writes.</param>
/// <param name="OldPosition">Offset in the undo file of the old bytes, where they are stored.</param>
internal readonly record struct StepRange(long Offset, int NewLength, int OldLength, OldBytesKind OldKind, long HashPosition,
    long OldPosition)
{
    /// <summary>Bytes that the range covers, before or after the change.</summary>
    public int Length => Math.Max(NewLength, OldLength);
}

/// <summary>Parts of a file that a change was based on and does not write, and their hash.</summary>
/// <param name="Runs">Where they are, ascending.</param>
/// <param name="Hash">XXH3-128 of all of them.</param>
internal sealed record StepEvidence(IReadOnlyList<ByteRange> Runs, ReadOnlyMemory<byte> Hash);
