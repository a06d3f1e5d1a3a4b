using OfflinePatch.Core;

namespace OfflinePatch.Cli;

/// <summary>Paths that a command will write to, tried before any image is opened.</summary>
internal static class OutputPaths
{
    /// <summary>Requires that a file or folder that an option names is there.</summary>
    /// <exception cref="HostIOException"><c>CLI-0007</c>: it is not.</exception>
    public static void RequireSource(string option, string? path)
    {
        if (path is not null && !HostPaths.FileExists(path) && !HostPaths.IsDirectory(path))
        {
            throw new HostIOException("CLI-0007", $"{option} {path}: there is no such file or folder.", "Check the path.", isMissing: true);
        }
    }

    /// <summary>Requires that a folder that an option names is there.</summary>
    /// <exception cref="UsageException">It is not.</exception>
    public static void RequireFolder(string option, string? path)
    {
        if (path is not null && !HostPaths.IsDirectory(path))
        {
            throw new UsageException($"{option} {path}: there is no such folder", "Create it first.");
        }
    }

    /// <summary>Tries whether a file can be made, and leaves nothing.</summary>
    /// <param name="option">The option that names it, for the message.</param>
    /// <param name="path">The file.</param>
    /// <param name="overwrite">Whether one of that name may be replaced.</param>
    /// <exception cref="UsageException">The folder does not exist, or the path is a directory.</exception>
    /// <exception cref="RefusedException">The file exists.</exception>
    /// <exception cref="HostIOException">The host refuses.</exception>
    public static void Check(string option, string path, bool overwrite)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path));
        if (folder is null || HostPaths.IsDirectory(path))
        {
            throw new UsageException($"{option} {path}: this is a directory; name a file in it");
        }

        if (!HostPaths.IsDirectory(folder))
        {
            throw new UsageException($"{option} {path}: there is no folder {folder}", "Create it first.");
        }

        OutputFile.CheckWritable(path, overwrite);
    }
}
