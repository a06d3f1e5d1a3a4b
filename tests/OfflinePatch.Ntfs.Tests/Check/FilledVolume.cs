using OfflinePatch.Core;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Check;

/// <summary>Volumes with files, written by ntfs-3g.</summary>
internal static class FilledVolume
{
    /// <summary>
    /// Mounts with ntfs-3g and writes files: a wide directory, deep ones, hard links, sparse and fragmented files, long and other names.
    /// </summary>
    public static void Fill(ScratchFolder scratch, string image, int files)
    {
        Oracle.Require("ntfs-3g", "umount");
        Skip.If(!File.Exists("/dev/fuse"), "no /dev/fuse");
        var mount = scratch["mount"];
        Directory.CreateDirectory(mount);
        Skip.If(Oracle.Run("ntfs-3g", "-o", "compression", scratch[image], mount).ExitCode != 0, "ntfs-3g cannot mount here");
        try
        {
            var random = new Random(files);
            Directory.CreateDirectory($"{mount}/wide");
            for (var i = 0; i < files; i++)
            {
                var content = new byte[random.Next(i % 20 == 0 ? 50_000 : 1500)];
                random.NextBytes(content);
                File.WriteAllBytes($"{mount}/wide/file {i:x} of many with a rather long name.dat", content);
                if (i % 7 == 3)
                {
                    File.Delete($"{mount}/wide/file {i - 2:x} of many with a rather long name.dat");
                }
            }

            var deep = mount;
            for (var i = 0; i < 12; i++)
            {
                deep += $"/level {i}";
                Directory.CreateDirectory(deep);
                File.WriteAllText($"{deep}/ü測試 {i}.txt", "text");
            }

            for (var i = 0; i < 30; i++)
            {
                Oracle.Run("ln", $"{deep}/ü測試 11.txt", $"{mount}/wide/link {i}").MustSucceed();
            }

            using (var sparse = File.Create($"{mount}/sparse.bin"))
            {
                for (var i = 0; i < 40; i++)
                {
                    sparse.Position = i * 700_000L;
                    sparse.Write([1, 2, 3]);
                }
            }

            Interleave($"{mount}/a.bin", $"{mount}/b.bin", 300);
        }
        finally
        {
            Oracle.Run("umount", mount).MustSucceed();
        }
    }

    /// <summary>A host file as a device in memory.</summary>
    public static MemoryDevice Load(string path)
    {
        using var file = File.OpenRead(path);
        var device = new MemoryDevice(file.Length);
        var buffer = new byte[64 * 1024];
        int read;
        for (long at = 0; (read = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)) > 0; at += read)
        {
            if (buffer.AsSpan(0, read).ContainsAnyExcept((byte)0))
            {
                device.Write(at, buffer.AsSpan(0, read));
            }
        }

        return device;
    }

    /// <summary>Two files that grow by turns, so that both have many runs.</summary>
    private static void Interleave(string first, string second, int turns)
    {
        using var a = new FileStream(first, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        using var b = new FileStream(second, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[5000];
        for (var i = 0; i < turns; i++)
        {
            a.Write(block);
            a.Flush(flushToDisk: true);
            b.Write(block);
            b.Flush(flushToDisk: true);
        }
    }
}
