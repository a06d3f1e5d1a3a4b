using System.Security.Cryptography;
using OfflinePatch.Core;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests;

/// <summary>
/// The volumes of an image as independent tools see them: cut out of a raw copy, checked by ntfs-3g's tools, mounted, and read.
/// </summary>
internal static class GuestVolumes
{
    public static void RequireTools() => Oracle.Require("qemu-img", "ntfsfix", "ntfs-3g", "umount");

    /// <summary>Cuts a partition out of an image of any format into a sparse file.</summary>
    public static string CutOut(ScratchFolder scratch, string image, string format, long offset, long length, string name)
    {
        var raw = image;
        if (format != "raw")
        {
            raw = scratch[name + ".raw"];
            Oracle.Run("qemu-img", "convert", "-f", format, "-O", "raw", image, raw).MustSucceed();
        }

        var path = scratch[name];
        using (var source = HostFileDevice.Open(raw))
        using (var target = File.Create(path))
        {
            target.SetLength(length);
            var buffer = new byte[1 << 20];
            for (var at = offset; at < offset + length;)
            {
                var extent = source.GetExtent(at);
                var count = Math.Min(extent.Length, offset + length - at);
                if (!extent.IsZero)
                {
                    count = Math.Min(count, buffer.Length);
                    source.Read(at, buffer.AsSpan(0, (int)count));
                    target.Seek(at - offset, SeekOrigin.Begin);
                    target.Write(buffer, 0, (int)count);
                }

                at += count;
            }
        }

        if (raw != image)
        {
            File.Delete(raw);
        }

        return path;
    }

    /// <summary>Every file of an NTFS volume with the hash of its content, as ntfs-3g reads it.</summary>
    public static SortedDictionary<string, string> ReadAll(ScratchFolder scratch, string volume)
    {
        var folder = scratch["mount"];
        Directory.CreateDirectory(folder);
        Oracle.Run("ntfs-3g", "-o", "ro,norecover", volume, folder).MustSucceed();
        try
        {
            var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            {
                using var stream = File.OpenRead(path);
                files.Add(System.IO.Path.GetRelativePath(folder, path).Replace('/', '\\'), Convert.ToHexString(SHA256.HashData(stream)));
            }

            return files;
        }
        finally
        {
            Oracle.Run("umount", folder).MustSucceed();
        }
    }

    /// <summary>Copies one file out of an NTFS volume, as ntfs-3g reads it.</summary>
    public static void CopyOut(string volume, string path, string target)
    {
        Oracle.Require("ntfscat");
        var result = Oracle.Run("/bin/sh", "-c", $"ntfscat -f '{volume}' '{path}' > '{target}'");
        Assert.True(result.ExitCode == 0, result.Error);
    }
}
