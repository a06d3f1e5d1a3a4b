using OfflinePatch.Disks.Partitions;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows.Inspection;

/// <summary>Finds what starts the machine.</summary>
internal static class BootFilesFinder
{
    public static BootFiles Find(PartitionTable partitions, IReadOnlyList<GuestVolume> volumes, ChangeLog changes) => BootFiles.None;
}
