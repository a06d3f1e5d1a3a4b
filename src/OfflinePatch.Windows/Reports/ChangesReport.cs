using OfflinePatch.Windows.Guest;

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

    /// <summary>What a change log holds.</summary>
    public static ChangesReport Of(ChangeLog changes)
    {
        var registry = changes.Registry.ToList();
        var files = changes.Files.ToList();
        return new ChangesReport(
            files.Count(f => f.Kind == FileChangeKind.Added), files.Count(f => f.Kind == FileChangeKind.Replaced), registry.Count,
            BytesWritten: 0)
        {
            Registry = registry,
            Files = files,
        };
    }
}
