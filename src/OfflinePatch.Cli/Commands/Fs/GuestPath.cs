using System.IO.Enumeration;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary>Paths as users type them: with or without a drive letter, with <c>/</c> or <c>\</c>, with wildcards in the last name.</summary>
internal static class GuestPath
{
    /// <summary>The path relative to the root of the volume.</summary>
    public static string Normalize(string path)
    {
        var rest = path.Length >= 2 && char.IsAsciiLetter(path[0]) && path[1] == ':' && (path.Length == 2 || path[2] is '\\' or '/')
            ? path[2..]
            : path;
        return string.Join('\\', FilePath.Split(rest));
    }

    /// <summary>Whether the last name has <c>*</c> or <c>?</c>.</summary>
    public static bool HasWildcard(string path) => FilePath.NameOf(path).AsSpan().IndexOfAny('*', '?') >= 0;

    /// <summary>The paths that a pattern matches, in the order of the directory; the path itself without wildcards.</summary>
    /// <exception cref="FileNotFoundException">Nothing matches.</exception>
    public static List<(string Path, FileEntry Entry)> Expand(IFileSystem files, string typed)
    {
        var path = Normalize(typed);
        if (!HasWildcard(path))
        {
            return [(path, files.Find(path) ?? throw new FileNotFoundException($"There is no {typed} in {files.Source}.", typed))];
        }

        var directory = FilePath.ParentOf(path);
        var pattern = FilePath.NameOf(path);
        var found = files.Enumerate(directory).Where(e => FileSystemName.MatchesSimpleExpression(pattern, e.Name))
            .Select(e => (FilePath.Join(directory, e.Name), e)).ToList();
        return found.Count > 0 ? found : throw new FileNotFoundException($"Nothing matches {typed} in {files.Source}.", typed);
    }

    /// <summary>The name under which a guest file is written on the host.</summary>
    /// <exception cref="RefusedException"><c>FS-0010</c>: the name would lead somewhere else, or is none on this host.</exception>
    public static string HostName(string name) => HostPaths.IsName(name)
        ? name
        : throw new RefusedException("FS-0010", $"The name \"{name}\" cannot be written on this machine.");
}
