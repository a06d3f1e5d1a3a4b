using Xunit;

namespace OfflinePatch.Testing;

/// <summary>A file system in memory with little room, mounted while the object lives. Skips where the tests may not mount.</summary>
public sealed class SmallFileSystem : IDisposable
{
    /// <summary>Mounts one.</summary>
    /// <param name="folder">Where; is created.</param>
    /// <param name="size">MiB.</param>
    public SmallFileSystem(string folder, int size)
    {
        Skip.If(!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess, "needs root, for a small file system");
        Directory.CreateDirectory(folder);
        Skip.If(Oracle.Run("mount", "-t", "tmpfs", "-o", $"size={size}m", "tmpfs", folder).ExitCode != 0, "this machine mounts no tmpfs");
        Path = folder;
    }

    /// <summary>Its root.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public void Dispose() => Oracle.Run("umount", Path).MustSucceed();
}
