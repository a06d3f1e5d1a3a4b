using OfflinePatch.Core;

namespace OfflinePatch.Windows.GuestTools;

/// <summary>The files that an operator describes products of his own in.</summary>
public static class ToolsData
{
    /// <summary>Reads a file, or the <c>*.json</c> files of a folder; null gives the products of the program.</summary>
    /// <exception cref="HostIOException">The path is missing or cannot be read.</exception>
    /// <exception cref="UnsupportedImageException"><c>TLS-0001</c>: a file does not follow the form.</exception>
    public static ToolsCatalog Read(string? path)
    {
        if (path is null)
        {
            return ToolsCatalog.Embedded;
        }

        if (!HostPaths.IsDirectory(path))
        {
            return ToolsCatalog.With(HostPaths.ReadSmallFile(path, ToolsProduct.MaximumBytes), path);
        }

        using var folder = DirectoryFileSystem.Open(path);
        return ToolsCatalog.Load(folder);
    }
}
