using System.Security.Cryptography;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>Small volumes with a file whose owner wants to keep it.</summary>
internal static class OwnedVolumes
{
    /// <summary>A bare NTFS volume in a raw image, with <c>victim.bin</c> of 3 MB that nothing else equals.</summary>
    public static string Ntfs(ScratchFolder scratch, int length = 32 << 20)
    {
        using var device = new MemoryDevice(length);
        NtfsFormatter.Format(device, new NtfsFormatOptions());
        return WithVictim(scratch, device);
    }

    /// <summary>The same on a bare FAT volume.</summary>
    public static string Fat(ScratchFolder scratch, FatType type, int length)
    {
        using var device = new MemoryDevice(length);
        FatFormatter.Format(device, new FatFormatOptions { Type = type });
        return WithVictim(scratch, device);
    }

    public static string Hash(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexString(SHA256.HashData(file));
    }

    /// <summary>A file of random bytes on the host.</summary>
    public static string Random(ScratchFolder scratch, string name, int length)
    {
        File.WriteAllBytes(scratch[name], RandomNumberGenerator.GetBytes(length));
        return scratch[name];
    }

    /// <summary>The record of a file, as <c>fs stat</c> tells it.</summary>
    public static long Record(string image, string path)
    {
        var line = Tool.Run("fs", "stat", image, path).MustExit(0).Output.Split('\n')
            .First(l => l.StartsWith("  record", StringComparison.Ordinal));
        return long.Parse(line.Split([' '], StringSplitOptions.RemoveEmptyEntries)[1].Split('-')[0],
            System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string WithVictim(ScratchFolder scratch, MemoryDevice device)
    {
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        File.WriteAllBytes(scratch["volume.raw"], bytes);
        var length = Math.Min(3_000_000, (int)device.Length / 4);
        Tool.Run("fs", "put", scratch["volume.raw"], Random(scratch, "victim", length), "/victim.bin").MustExit(0);
        Tool.Run("undo", "--forget", scratch["volume.raw"]).MustExit(0);
        return scratch["volume.raw"];
    }
}
