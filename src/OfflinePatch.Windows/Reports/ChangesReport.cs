using System.Text.Json.Serialization;

namespace OfflinePatch.Windows.Reports;

/// <summary>What a fix changed inside the image.</summary>
/// <param name="FilesAdded">Files that did not exist before.</param>
/// <param name="FilesReplaced">Files that have new content (hives that are written back are not counted).</param>
/// <param name="RegistryValues">Registry values that were set or deleted.</param>
/// <param name="BytesWritten">Bytes that the commit wrote to the host; 0 before.</param>
public sealed record ChangesReport(int FilesAdded, int FilesReplaced, int RegistryValues, long BytesWritten)
{
    /// <summary>Each registry value, before and after.</summary>
    public IReadOnlyList<RegistryChange> Registry { get; init; } = [];

    /// <summary>Each file.</summary>
    public IReadOnlyList<FileChange> Files { get; init; } = [];
}

/// <summary>One registry value that was changed.</summary>
/// <param name="Key">The key as Windows calls it: <c>HKLM\SYSTEM\ControlSet001\Services\Tcpip…</c>.</param>
/// <param name="Name">The value; empty for the default one.</param>
/// <param name="Before">The old value as text; null when it did not exist.</param>
/// <param name="After">The new value as text; null when it was deleted.</param>
/// <param name="Rule">The rule that did it, or null.</param>
public sealed record RegistryChange(string Key, string Name, string? Before, string? After, string? Rule = null);

/// <summary>One file that was changed.</summary>
/// <param name="Path">The path on its volume, with the drive letter where one is known.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Length">Bytes of the new content.</param>
/// <param name="Rule">The rule that did it, or null.</param>
public sealed record FileChange(string Path, FileChangeKind Kind, long Length, string? Rule = null);

/// <summary>What happened to a file.</summary>
public enum FileChangeKind
{
    /// <summary>It did not exist before.</summary>
    [JsonStringEnumMemberName("added")]
    Added,

    /// <summary>It has new content.</summary>
    [JsonStringEnumMemberName("replaced")]
    Replaced,

    /// <summary>It is gone.</summary>
    [JsonStringEnumMemberName("deleted")]
    Deleted,
}
