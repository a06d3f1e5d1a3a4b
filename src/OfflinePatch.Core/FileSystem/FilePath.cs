namespace OfflinePatch.Core.FileSystem;

/// <summary>
/// Paths inside an <see cref="IFileSystem"/>: names separated by <c>\</c> or <c>/</c>, relative to the root. Empty names are skipped, so
/// that leading, trailing and doubled separators mean nothing; <c>.</c> and <c>..</c> are names like any other, and no tree has them.
/// </summary>
public static class FilePath
{
    private static readonly char[] Separators = ['\\', '/'];

    /// <summary>The names of a path, from the root down; empty for the root.</summary>
    public static string[] Split(string path) => path.Split(Separators, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The last name of a path; empty for the root.</summary>
    public static string NameOf(string path)
    {
        var names = path.AsSpan().TrimEnd(Separators); // called for every file that is written, so it builds no list of names
        return names[(names.LastIndexOfAny(Separators) + 1)..].ToString();
    }

    /// <summary>The path of the directory that holds it; empty for a path in the root, and for the root.</summary>
    public static string ParentOf(string path) => Split(path) is { Length: > 1 } names ? string.Join('\\', names[..^1]) : "";

    /// <summary>Puts a name, or a relative path, below a directory. The result is separated by <c>\</c> alone.</summary>
    public static string Join(string directory, string name) => string.Join('\\', [.. Split(directory), .. Split(name)]);

    /// <summary>Whether <paramref name="path"/> lies below <paramref name="directory"/>, or is it. Compares without case.</summary>
    public static bool IsWithin(string path, string directory)
    {
        var names = Split(path);
        var above = Split(directory);
        return names.Length >= above.Length && names.Take(above.Length).SequenceEqual(above, StringComparer.OrdinalIgnoreCase);
    }
}
