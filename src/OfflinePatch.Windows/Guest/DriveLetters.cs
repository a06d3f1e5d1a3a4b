using OfflinePatch.Disks.Partitions;

namespace OfflinePatch.Windows.Guest;

/// <summary>Drive letters as a Windows installation assigns them (SYSTEM\MountedDevices; boot-network-accounts.md §1.5).</summary>
internal static class DriveLetters
{
    /// <summary>The letter of the volume that holds the installation; <c>C:</c> where nothing says otherwise.</summary>
    public static string Of(WindowsSystem system, PartitionTable partitions)
    {
        // What the installation was told at its setup is what its registry names everywhere. MountedDevices may give that letter to another partition, and then this one
        // another letter; where the letter is free, what MountedDevices says is what Windows sees.
        var root = system.Load(HiveName.Software).Hive?.Root.Find(@"Microsoft\Windows NT\CurrentVersion")?.GetString("SystemRoot");
        var installed = root is { Length: > 2 } && root[1] == ':' && char.IsAsciiLetter(root[0]) ? root[..2].ToUpperInvariant() : null;
        var mounted = system.Volume.Partition is { } partition ? Of(system, partitions, partition) : null;
        return installed is not null && (mounted is null || MountedDevices.Read(system).Any(d => d.Letter == installed)) ? installed : mounted ?? installed ?? "C:";
    }

    /// <summary>The letter that an installation gives to a partition, or null.</summary>
    public static string? Of(WindowsSystem system, PartitionTable partitions, Partition partition) =>
        MountedDevices.Read(system).FirstOrDefault(d => d.Letter is not null && d.FindOn(partitions)?.Number == partition.Number)?.Letter;
}
