using System.Security.Cryptography;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Model;

/// <summary>
/// What the Linux kernel's ntfs3 reads in a volume, in a virtual machine. OFFLINEPATCH_NTFS3 names a folder with an unpacked kernel package
/// that has the driver (boot/vmlinuz-*, lib/modules); the machine is started by the script of the oracles folder.
/// </summary>
internal static class KernelReader
{
    /// <summary>The folder of the kernel, or a skip.</summary>
    public static string Require()
    {
        var root = Environment.GetEnvironmentVariable("OFFLINEPATCH_NTFS3");
        Skip.If(string.IsNullOrEmpty(root) || !Directory.Exists(root), "OFFLINEPATCH_NTFS3 does not name an unpacked kernel package");
        Oracle.Require("qemu-system-x86_64", "busybox", "cpio");
        Corpus.Require();
        return root!;
    }

    /// <summary>
    /// Mounts an image, compares every name and content, writes to it (the image itself stays as it is), and wants no word of complaint
    /// from the driver.
    /// </summary>
    public static void AssertSame(ScratchFolder scratch, string image,
        IEnumerable<(string Path, bool IsDirectory, byte[] Content)> expected)
    {
        var root = Require();
        var kernel = Directory.GetFiles(Path.Combine(root, "boot"), "vmlinuz-*").Single();
        var script = Path.Combine(Corpus.Root!, "..", "oracles", "kernel-ntfs3-mount.sh");
        var result =
            Oracle.Run("env", "OPTS=iocharset=utf8", "bash", script, scratch[image], "0", "0", kernel, root, scratch["vm"], "rw", "hash");
        Assert.True(result.ExitCode == 0,
            $"exit {result.ExitCode}: {result.Output} {Read(scratch, "errors.txt")} {Read(scratch, "dmesg.txt")}");
        // "dir  " is the root
        var seen = File.ReadLines(Path.Combine(scratch["vm"], "list.txt")).Where(l => l != "dir  ").ToHashSet(StringComparer.Ordinal);
        foreach (var (path, isDirectory, content) in expected)
        {
            var name = "/" + path.Replace('\\', '/');
            Assert.True(seen.Remove(isDirectory ? "dir  " + name : $"{Convert.ToHexStringLower(SHA256.HashData(content))}  {name}"),
                $"ntfs3 does not read {name} as we wrote it");
        }

        Assert.Empty(seen);
    }

    private static string Read(ScratchFolder scratch, string name) => File.Exists(Path.Combine(scratch["vm"], name))
        ? File.ReadAllText(Path.Combine(scratch["vm"], name)) : "";
}
