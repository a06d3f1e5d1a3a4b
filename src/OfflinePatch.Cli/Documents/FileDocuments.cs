namespace OfflinePatch.Cli.Documents;

/// <summary>The document of <c>fs ls</c> and <c>fs tree</c>.</summary>
/// <param name="Command">The command.</param>
/// <param name="Entries">Files and directories.</param>
internal sealed record FileListDocument(string Command, IEnumerable<FileReport> Entries) : CommandDocument(Command);

/// <summary>The document of <c>fs stat</c>.</summary>
/// <param name="Files">Files and directories.</param>
internal sealed record FileStatDocument(IReadOnlyList<FileReport> Files) : CommandDocument("fs stat");

/// <summary>A file or directory. What only <c>fs stat</c> on NTFS knows is null elsewhere.</summary>
/// <param name="Path">Its path from the root of the volume.</param>
/// <param name="Directory">Whether it is a directory.</param>
/// <param name="Size">Bytes of its content.</param>
/// <param name="Modified">When its content was last written, UTC.</param>
/// <param name="Attributes">Its attributes, separated by a comma.</param>
internal sealed record FileReport(string Path, bool Directory, long Size, DateTime Modified, string Attributes)
{
    /// <summary>The number of its record.</summary>
    public long? Record { get; init; }

    /// <summary>The sequence number of its record.</summary>
    public int? Sequence { get; init; }

    /// <summary>When it was made, UTC.</summary>
    public DateTime? Created { get; init; }

    /// <summary>When its record was last written, UTC.</summary>
    public DateTime? Changed { get; init; }

    /// <summary>When it was last read, UTC.</summary>
    public DateTime? Accessed { get; init; }

    /// <summary>The number of its security descriptor.</summary>
    public uint? SecurityId { get; init; }

    /// <summary>The tag of its reparse point; 0 without one.</summary>
    public uint? ReparseTag { get; init; }

    /// <summary>What kind of reparse point that is.</summary>
    public string? ReparseKind { get; init; }

    /// <summary>Its names.</summary>
    public IReadOnlyList<FileNameReport>? Names { get; init; }

    /// <summary>Its streams.</summary>
    public IReadOnlyList<FileStreamReport>? Streams { get; init; }
}

/// <summary>A name of a file.</summary>
/// <param name="Name">The name.</param>
/// <param name="Namespace"><c>Posix</c>, <c>Win32</c>, <c>Dos</c> or <c>Win32AndDos</c>.</param>
/// <param name="Parent">The record of its directory.</param>
internal sealed record FileNameReport(string Name, string Namespace, long Parent);

/// <summary>A stream of a file.</summary>
/// <param name="Name">Its name; empty for the content.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Allocated">Bytes of its clusters.</param>
/// <param name="Resident">Whether it is in the record.</param>
/// <param name="Compressed">Whether it is compressed.</param>
/// <param name="Sparse">Whether it is sparse.</param>
/// <param name="Encrypted">Whether it is encrypted.</param>
/// <param name="Fragments">Runs of clusters.</param>
internal sealed record FileStreamReport(string Name, long Size, long Allocated, bool Resident, bool Compressed, bool Sparse, bool Encrypted,
    int Fragments);

/// <summary>The document of <c>fs get</c>.</summary>
/// <param name="Copied">Files that were copied.</param>
/// <param name="LeftOut">What could not be copied.</param>
internal sealed record CopyDocument(int Copied, IReadOnlyList<LeftOutReport> LeftOut) : CommandDocument("fs get");

/// <summary>A file or directory that could not be copied.</summary>
/// <param name="Path">Its path in the image.</param>
/// <param name="Message">Why.</param>
internal sealed record LeftOutReport(string Path, string Message);

/// <summary>The document of <c>fs check</c>.</summary>
/// <param name="Volume">The volume.</param>
/// <param name="Findings">What was found.</param>
internal sealed record VolumeCheckDocument(string Volume, IReadOnlyList<FindingReport> Findings) : CommandDocument("fs check");
