using System.Security.Cryptography;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Volume;

/// <summary>What ntfs-3g reads in a volume, by a read-only mount.</summary>
internal static class Ntfs3gReader
{
    /// <summary>Mounts an image and compares every name, size and content.</summary>
    /// <param name="scratch">The folder of the image.</param>
    /// <param name="image">Its name.</param>
    /// <param name="expected">Everything that must be there, and nothing else. Names that are no valid UTF-16 are left out: Linux cannot
    /// show them.</param>
    public static void AssertSame(ScratchFolder scratch, string image,
        IEnumerable<(string Path, bool IsDirectory, byte[] Content)> expected)
    {
        Mounted(scratch, image, mount =>
        {
            var seen = Directory.EnumerateFileSystemEntries(mount, "*", SearchOption.AllDirectories)
                .Select(p => Path.GetRelativePath(mount, p)).ToHashSet(StringComparer.Ordinal);
            foreach (var (path, isDirectory, content) in expected)
            {
                if (path.Contains('\uD800', StringComparison.Ordinal))
                {
                    seen.RemoveWhere(p => p.Contains('\uFFFD', StringComparison.Ordinal));
                    continue;
                }

                var name = path.Replace('\\', '/');
                Assert.True(seen.Remove(name), $"ntfs-3g does not list {name}");
                if (!isDirectory)
                {
                    var bytes = File.ReadAllBytes(Path.Combine(mount, name));
                    Assert.True(SHA256.HashData(bytes).AsSpan().SequenceEqual(SHA256.HashData(content)),
                        $"ntfs-3g reads {name} differently");
                }
            }

            seen.RemoveWhere(p => p.Contains('\uFFFD', StringComparison.Ordinal));
            Assert.Empty(seen);
        });
    }

    /// <summary>Runs something on a read-only mount of the image.</summary>
    public static void Mounted(ScratchFolder scratch, string image, Action<string> action)
    {
        Oracle.Require("ntfs-3g", "umount");
        Skip.If(!File.Exists("/dev/fuse"), "no /dev/fuse");
        var mount = scratch["mount"];
        Directory.CreateDirectory(mount);
        var result = Oracle.Run("ntfs-3g", "-o", "ro,streams_interface=windows", scratch[image], mount);
        Assert.True(result.ExitCode == 0, result.Error);
        try
        {
            action(mount);
        }
        finally
        {
            Oracle.Run("umount", mount).MustSucceed();
        }
    }
}
