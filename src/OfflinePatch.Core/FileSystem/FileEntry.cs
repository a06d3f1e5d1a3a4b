namespace OfflinePatch.Core.FileSystem;

/// <summary>One name in a directory.</summary>
/// <param name="Name">The name, without its path.</param>
/// <param name="IsDirectory">Whether it is a directory.</param>
/// <param name="Length">Bytes of its content; 0 for a directory.</param>
/// <param name="LastWriteTimeUtc">Last change of its content, UTC; <see cref="DateTime.MinValue"/> where the format has none.</param>
/// <param name="Attributes">Attributes as Windows names them; only those that the format has.</param>
public readonly record struct FileEntry(
    string Name, bool IsDirectory, long Length, DateTime LastWriteTimeUtc, FileAttributes Attributes = 0);
