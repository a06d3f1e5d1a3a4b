namespace OfflinePatch.Core;

/// <summary>Paths of the host, as a user gives them.</summary>
public static class HostPaths
{
    /// <summary>The full path of the file that a path leads to: links are followed where they lead somewhere.</summary>
    public static string Resolve(string path)
    {
        var full = Path.GetFullPath(path);
        try
        {
            return File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return full; // opening it will say what is wrong
        }
    }

    /// <summary>Whether a path names an existing directory.</summary>
    public static bool IsDirectory(string path) => Directory.Exists(path);

    /// <summary>Creates a host directory and those above it that are missing.</summary>
    /// <exception cref="HostIOException"><c>HOST-0020</c>: the host refused.</exception>
    public static void CreateDirectory(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostIOException("HOST-0020", $"The directory {path} cannot be created: {e.Message}", inner: e);
        }
    }

    /// <summary>Whether a path names an existing file.</summary>
    public static bool FileExists(string path) => File.Exists(path);

    /// <summary>Deletes a file of our own making; does nothing when there is none.</summary>
    /// <exception cref="HostIOException">The host refused.</exception>
    public static void DeleteFile(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CoreError.CannotWrite(path, e);
        }
    }

    /// <summary>Replaces a text file in one step.</summary>
    /// <exception cref="HostIOException">The host refused.</exception>
    public static void WriteText(string path, string content)
    {
        using var output = new OutputFile(path, overwrite: true);
        output.Write(0, System.Text.Encoding.UTF8.GetBytes(content));
        output.Complete();
    }

    /// <summary>Reads a small file of the user's: a profile, a key list.</summary>
    /// <exception cref="HostIOException">It is missing or cannot be read.</exception>
    /// <exception cref="UnsupportedImageException"><c>CORE-0002</c>: it is longer than <paramref name="limit"/> bytes.</exception>
    public static byte[] ReadSmallFile(string path, int limit)
    {
        using var device = HostFileDevice.Open(path);
        if (device.Length > limit)
        {
            throw new UnsupportedImageException("CORE-0002", $"{path} has {device.Length} bytes, more than the {limit} that are read at most.");
        }

        var content = new byte[device.Length];
        device.Read(0, content);
        return content;
    }
}
