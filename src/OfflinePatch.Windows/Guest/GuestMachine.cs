using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Partitions;

namespace OfflinePatch.Windows.Guest;

/// <summary>What is on a disk: partitions, volumes, boot files, Windows installations.</summary>
public sealed class GuestMachine
{
    private GuestMachine(DiskImage disk, PartitionTable partitions, IReadOnlyList<GuestVolume> volumes, ChangeLog changes)
    {
        Disk = disk;
        Partitions = partitions;
        Volumes = volumes;
        Changes = changes;
        Boot = BootFilesFinder.Find(partitions, volumes, changes);
        Systems = SystemFinder.FindAll(volumes, Boot, partitions, changes);
        FoundWindows = SystemFinder.ChooseBooted(Systems, Boot, partitions);
    }

    /// <summary>The disk.</summary>
    public DiskImage Disk { get; }

    /// <summary>Its partition table.</summary>
    public PartitionTable Partitions { get; }

    /// <summary>Its volumes, in the order of the partition table.</summary>
    public IReadOnlyList<GuestVolume> Volumes { get; }

    /// <summary>The boot files.</summary>
    public BootFiles Boot { get; }

    /// <summary>Every Windows installation.</summary>
    public IReadOnlyList<WindowsSystem> Systems { get; }

    /// <summary>The installation that the machine boots, or null when there is none.</summary>
    public WindowsSystem? FoundWindows { get; }

    /// <summary>The installation that the machine boots.</summary>
    /// <param name="path">Of the image, for the message.</param>
    /// <exception cref="CorruptImageException">There is none, and a volume that may hold it cannot be read: the error of that volume.
    /// </exception>
    /// <exception cref="UnsupportedImageException"><c>WIN-0001</c>: there is none.</exception>
    internal WindowsSystem RequireWindows(string path) => FoundWindows
        ?? throw Volumes.FirstOrDefault(v => v.Failure is not null)?.Failure ?? WindowsError.NoWindows(path, DescribeVolumes());

    /// <summary>The volumes, for a message.</summary>
    internal string DescribeVolumes() => Volumes.Count == 0
        ? "no partitions"
        : string.Join(", ", Volumes.Select(v => v.Label is not null ? $"{v.Description} \"{v.Label}\""
            : v.Failure is not null ? $"{v.Description}, which cannot be read"
            : v.Description));

    /// <summary>What was changed.</summary>
    public ChangeLog Changes { get; }

    /// <summary>The volumes that a write back changes: those with files or hives that were changed.</summary>
    internal IEnumerable<GuestVolume> ChangedVolumes() => Volumes.Where(v =>
        v.Files is RecordingFileSystem { WasWritten: true }
        || Systems.Any(s => s.Volume == v && s.HasChanges)
        || (v == Boot.Esp && Boot.UefiStore?.Hive is { IsChanged: true })
        || (v == Boot.Active && Boot.BiosStore?.Hive is { IsChanged: true }));

    /// <summary>Finds boot files and installations on opened volumes.</summary>
    internal static GuestMachine Find(DiskImage disk, PartitionTable partitions, IReadOnlyList<GuestVolume> volumes, ChangeLog changes)
    {
        var machine = new GuestMachine(disk, partitions, volumes, changes);
        foreach (var system in machine.Systems)
        {
            system.DriveLetter = DriveLetters.Of(system, partitions);
        }

        VolumeOpener.NameVolumes(volumes, machine.FoundWindows, machine.Boot);
        return machine;
    }
}
