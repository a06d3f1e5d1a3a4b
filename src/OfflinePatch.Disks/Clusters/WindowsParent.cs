using OfflinePatch.Core;

namespace OfflinePatch.Disks.Clusters;

/// <summary>Opens the parent of a differencing VHD or VHDX by the names that Windows wrote, on any host.</summary>
internal static class WindowsParent
{
    /// <summary>
    /// Tries each name as a relative path with the host's separators, and then its last part alone, in the child's own folder: an image is
    /// moved together with its parent, and the drive letters it knew mean nothing here.
    /// </summary>
    /// <param name="files">The files of the child.</param>
    /// <param name="formats">The known formats.</param>
    /// <param name="names">The names, the most useful one first.</param>
    /// <param name="notFound">The error when none of them exists.</param>
    public static (DiskImage Parent, string Name) Open(IImageFiles files, IFormatSet formats, IEnumerable<string> names, Func<string,
        Exception> notFound)
    {
        var tried = new List<string>();
        foreach (var name in names.Concat(names.Select(LastPart)).Select(Normalise))
        {
            if (name.Length == 0 || name.Contains(':', StringComparison.Ordinal) || name.StartsWith('/')
                || tried.Contains(name, StringComparer.Ordinal)
                || name.Contains('\0', StringComparison.Ordinal))
            {
                continue;
            }

            tried.Add(name);
            try
            {
                return (ParentChain.Open(files, formats, name, null), name);
            }
            catch (Exception e) when (e is HostIOException or FileNotFoundException or DirectoryNotFoundException)
            {
                // The next name may be the right one.
            }
        }

        throw notFound(tried.Count == 0 ? "it names none" : string.Join(", ", tried));
    }

    private static string LastPart(string name) => name[(name.LastIndexOfAny(['\\', '/']) + 1)..];

    private static string Normalise(string name)
    {
        name = name.Replace('\\', '/');
        while (name.StartsWith("./", StringComparison.Ordinal))
        {
            name = name[2..];
        }

        return name;
    }
}
