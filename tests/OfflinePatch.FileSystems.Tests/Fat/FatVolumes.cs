using OfflinePatch.Core;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.Testing;

namespace OfflinePatch.FileSystems.Tests.Fat;

/// <summary>FAT volumes made by our formatter, and by mkfs.fat.</summary>
internal static class FatVolumes
{
    public static readonly TimeProvider Clock = new SetClock { Time = new(2024, 3, 5, 10, 20, 31, 500, TimeSpan.Zero) };

    public static MemoryDevice Formatted(long length, FatType? type = null, int sectorSize = 512)
    {
        var device = new MemoryDevice(length, sectorSize);
        FatFormatter.Format(device, new FatFormatOptions { Type = type, Label = "TESTVOL" });
        return device;
    }

    public static void Save(BlockDevice device, string path)
    {
        using var file = File.Create(path);
        file.SetLength(device.Length);
        var buffer = new byte[64 * 1024];
        for (var at = 0L; at < device.Length; at += buffer.Length)
        {
            var count = (int)Math.Min(buffer.Length, device.Length - at);
            device.Read(at, buffer.AsSpan(0, count));
            if (buffer.AsSpan(0, count).ContainsAnyExcept((byte)0))
            {
                file.Position = at;
                file.Write(buffer, 0, count);
            }
        }
    }

    public static MemoryDevice Load(string path) => new(File.ReadAllBytes(path));

    /// <summary>Saves a volume, and asks fsck.fat and mtools what they think of it; returns what mtools reads from it.</summary>
    public static SortedDictionary<string,
        byte[]?> Judge(BlockDevice device, ScratchFolder scratch, string name = "judged.img", bool readBack = true)
    {
        Save(device, scratch[name]);
        var fsck = Oracle.Run("fsck.fat", "-n", "-v", scratch[name]);
        Assert.True(fsck.ExitCode == 0, fsck.Output + fsck.Error);
        if (!readBack)
        {
            return [];
        }

        var output = scratch[name + ".out"];
        Directory.CreateDirectory(output);
        var copy = Oracle.Run("env", "MTOOLS_SKIP_CHECK=1", "LC_ALL=C.UTF-8", "mcopy", "-s", "-n", "-i", scratch[name], "::*", output);
        Assert.True(copy.ExitCode == 0, copy.Output + copy.Error);
        return TreeWalk.ReadHost(output);
    }
}
