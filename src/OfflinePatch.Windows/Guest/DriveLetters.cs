using OfflinePatch.Disks.Partitions;

namespace OfflinePatch.Windows.Guest;

/// <summary>Drive letters as a Windows installation assigns them (SYSTEM\MountedDevices; boot-network-accounts.md §1.5).</summary>
internal static class DriveLetters
{
    /// <summary>The letter of the volume that holds the installation; <c>C:</c> where nothing says otherwise.</summary>
    public static string Of(WindowsSystem system, PartitionTable partitions)
    {
        // What SOFTWARE says is the letter that Windows ran with last: every other path in its registry has it. Where MountedDevices gives
        // the partition another letter, Windows would start with one that those paths do not have (boot.drive-letter).
        var root = system.Load(HiveName.Software).Hive?.Root.Find(@"Microsoft\Windows NT\CurrentVersion")?.GetString("SystemRoot");
        return root is { Length: > 2 } && root[1] == ':' && char.IsAsciiLetter(root[0])
            ? root[..2].ToUpperInvariant()
            : (system.Volume.Partition is { } partition ? Of(system, partitions, partition) : null) ?? "C:";
    }

    /// <summary>The letter that an installation gives to a partition, or null.</summary>
    public static string? Of(WindowsSystem system, PartitionTable partitions, Partition partition) =>
        MountedDevices.Read(system).FirstOrDefault(d => d.Letter is not null && d.FindOn(partitions)?.Number == partition.Number)?.Letter;
}
