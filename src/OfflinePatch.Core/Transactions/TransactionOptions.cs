namespace OfflinePatch.Core.Transactions;

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

    /// <summary>Folder of the undo files, or null for the image's own.</summary>
    public string? UndoFolder { get; init; }

    /// <summary>Whether the undo file stays after a successful commit.</summary>
    public bool KeepUndo { get; init; } = true;

    /// <summary>The command that makes the change, as the history shows it; at most 256 bytes of UTF-8 are kept.</summary>
    public string Label { get; init; } = "";

    /// <summary>
    /// Receives what the user has to know and what is no error: that an interrupted change was rolled back, that a time could not be set.
    /// Or null.
    /// </summary>
    public Action<string>? Note { get; init; }

    /// <summary>Bytes of changed blocks that are kept in memory before they go to a temporary file.</summary>
    public long MemoryLimit { get; init; } = OverlayStorage.DefaultMemoryLimit;

    /// <summary>
    /// Whether the user asked to recover this image: its files may then be copies of those that the change was made for, as long as
    /// all else is proven.
    /// </summary>
    internal bool IsRecovery { get; init; }

    /// <summary>An undo file that the user trusts, though nothing proves who wrote it; or null.</summary>
    internal string? TrustedUndoFile { get; init; }
}

/// <summary>What a commit did.</summary>
/// <param name="BytesWritten">Bytes that differ from before, in whole blocks; 0 when the image already was what it should be.</param>
/// <param name="UndoFile">The undo file that stayed, or null.</param>
public readonly record struct CommitResult(long BytesWritten, string? UndoFile);
