namespace OfflinePatch.Testing;

/// <summary>Permissions of host files, for tests that are skipped where the host has none.</summary>
public static class FileModes
{
    /// <summary>The permissions of a file; 0 on Windows.</summary>
    public static UnixFileMode Get(string path) => OperatingSystem.IsWindows() ? 0 : File.GetUnixFileMode(path);

    /// <summary>Sets the permissions of a file or a folder; nothing on Windows.</summary>
    public static void Set(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }
    }
}
