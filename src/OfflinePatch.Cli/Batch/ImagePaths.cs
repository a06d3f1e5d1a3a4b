namespace OfflinePatch.Cli.Batch;

/// <summary>The images of a command line.</summary>
internal static class ImagePaths
{
    /// <summary>The first path that names the same file as an earlier one, or null. Links are followed, since a lock is on the file behind them.</summary>
    public static string? FirstDuplicate(IEnumerable<string> paths)
    {
        var comparer = OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;
        var seen = new HashSet<string>(comparer);
        return paths.FirstOrDefault(path => !seen.Add(HostPaths.Resolve(path)));
    }
}
