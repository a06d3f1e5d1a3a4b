namespace OfflinePatch.Core;

/// <summary>How an image is opened.</summary>
public sealed record TransactionOptions
{
    /// <summary>
    /// Whether the transaction may be committed. The files are then locked against every other program, and a read-only file is refused
    /// at once rather than after the work; still nothing is written before the commit.
    /// </summary>
    public bool Writable { get; init; }

    /// <summary>Whether parents and backing files that the image names may be opened (to read them).</summary>
    public bool AllowParents { get; init; }

    /// <summary>Folder of the undo file, or null for the image's own.</summary>
    public string? UndoFolder { get; init; }

    /// <summary>Whether the undo file stays after a successful commit, as the way back.</summary>
    public bool KeepUndo { get; init; } = true;

    /// <summary>Bytes of changed blocks that are kept in memory before they go to a temporary file.</summary>
    public long MemoryLimit { get; init; } = OverlayStorage.DefaultMemoryLimit;
}

/// <summary>What a commit did.</summary>
/// <param name="BytesWritten">Bytes that differ from before, in whole blocks; 0 when the image already was what it should be.</param>
/// <param name="UndoFile">The undo file that stayed, or null.</param>
public readonly record struct CommitResult(long BytesWritten, string? UndoFile);
