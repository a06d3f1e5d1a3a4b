using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Volume;

/// <summary>One stream of a file.</summary>
/// <param name="Name">Its name; empty for the content.</param>
/// <param name="Length">Bytes.</param>
/// <param name="AllocatedLength">Bytes that clusters hold; 0 when resident.</param>
/// <param name="IsResident">Whether it is in the FILE record.</param>
/// <param name="IsCompressed">LZNT1.</param>
/// <param name="IsEncrypted">EFS.</param>
/// <param name="IsSparse">With holes.</param>
/// <param name="Fragments">Runs on the volume, holes not counted.</param>
public sealed record NtfsStream(string Name, long Length, long AllocatedLength, bool IsResident, bool IsCompressed, bool IsEncrypted,
    bool IsSparse, int Fragments);

/// <summary>One name of a file.</summary>
/// <param name="Parent">The directory.</param>
/// <param name="Name">The name.</param>
/// <param name="NameSpace">Its namespace.</param>
public sealed record NtfsLink(FileReference Parent, string Name, Layout.FileNameSpace NameSpace);

/// <summary>Everything about one file. A snapshot: it does not change with the volume.</summary>
public sealed class NtfsFile
{
    /// <summary>Reference of its base record.</summary>
    public required FileReference Reference { get; init; }

    /// <summary>Whether it is a directory.</summary>
    public required bool IsDirectory { get; init; }

    /// <summary>Bytes of its content: the unnamed stream.</summary>
    public required long Length { get; init; }

    /// <summary>DOS attributes as $STANDARD_INFORMATION has them, with the directory bit of the record.</summary>
    public required FileAttributes Attributes { get; init; }

    /// <summary>Created, UTC.</summary>
    public required DateTime CreationTimeUtc { get; init; }

    /// <summary>Content changed, UTC.</summary>
    public required DateTime LastWriteTimeUtc { get; init; }

    /// <summary>Record changed, UTC.</summary>
    public required DateTime RecordChangeTimeUtc { get; init; }

    /// <summary>Content read, UTC.</summary>
    public required DateTime LastAccessTimeUtc { get; init; }

    /// <summary>Key in $Secure, 0 for none.</summary>
    public required uint SecurityId { get; init; }

    /// <summary>Tag of its reparse point, 0 for none.</summary>
    public required uint ReparseTag { get; init; }

    /// <summary>What the reparse point says about the content.</summary>
    public ReparseKind ReparseKind => ReparseTagTable.KindOf(ReparseTag);

    /// <summary>What the reparse point is called: <c>a symbolic link</c>; empty for none.</summary>
    public string ReparseName => ReparseTagTable.NameOf(ReparseTag);

    /// <summary>The reparse point's content after its 8-byte header; empty for none.</summary>
    public required IReadOnlyList<byte> ReparseContent { get; init; }

    /// <summary>Its streams; the unnamed one first.</summary>
    public required IReadOnlyList<NtfsStream> Streams { get; init; }

    /// <summary>Its names: hard links and 8.3 names.</summary>
    public required IReadOnlyList<NtfsLink> Links { get; init; }

    /// <summary>Whether a directory may compare names with case: nothing is created in it.</summary>
    public required bool MayBeCaseSensitive { get; init; }

    /// <summary>Records that it takes in $MFT.</summary>
    public required int RecordCount { get; init; }
}
