namespace OfflinePatch.Windows.Jobs;

/// <summary>What a commit did.</summary>
/// <param name="BytesWritten">Bytes that were written to the host; 0 when nothing was to be changed.</param>
/// <param name="UndoFile">The file that undoes it, or null when there is none.</param>
public readonly record struct EditResult(long BytesWritten, string? UndoFile)
{
    /// <summary>Whether anything was written.</summary>
    public bool IsChanged => BytesWritten > 0;
}
