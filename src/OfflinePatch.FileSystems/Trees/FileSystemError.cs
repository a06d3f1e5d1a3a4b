using OfflinePatch.Core;

namespace OfflinePatch.FileSystems.Trees;

/// <summary>
/// Errors that no single format owns; codes <c>TREE-0001</c> and up. Each format's folder has a class of its own: <c>FAT- ISO- UDF- ZIP-
/// CAB- MSI-</c>.
/// </summary>
internal static class FileSystemError
{
    public static UnsupportedImageException UnknownSource(string path, long length) =>
        new("TREE-0001", length == 0
                ? $"{path} is empty."
                : $"{path} is not a directory, ISO 9660 or UDF disc, ZIP archive, FAT floppy image, MSI package or cabinet.",
            "Name a directory, or a file of one of these kinds. A self-extracting .exe must be unpacked first.");

    public static CorruptImageException SameName(string format, string directory, string first, string second) =>
        new("TREE-0002", $"{format} directory \\{directory}", -1, "names that differ by more than case", $"{first} and {second}",
            "Windows could hold only one of them: make the archive or disc again without the other.");

    public static CorruptImageException BadName(string format, string directory, string name) =>
        new("TREE-0003", $"{format} directory \\{directory}", -1, "a plain file name", $"'{Printable(name)}'",
            "The archive or disc is damaged, or was made to deceive: do not use it.");

    public static CorruptImageException TooManyEntries(string format, int limit) =>
        new("TREE-0004", $"{format} tree", -1, $"at most {limit} files and directories", "more");

    public static CorruptImageException TooDeep(string format, int limit) =>
        new("TREE-0005", $"{format} tree", -1, $"at most {limit} directories inside each other", "more");

    public static FileNotFoundException NoFile(string source, string path) => new($"There is no file {path} in {source}.", path);

    public static FileNotFoundException NoDirectory(string source, string path) => new($"There is no directory {path} in {source}.", path);

    /// <summary>A name with its control characters made visible.</summary>
    public static string Printable(string name) =>
        string.Concat((name.Length > 120 ? name[..120] + "…" : name).Select(c => char.IsControl(c) ? '\u00B7' : c));
}
