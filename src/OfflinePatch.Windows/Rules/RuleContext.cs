using OfflinePatch.Disks;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules;

/// <summary>Everything that a rule may see and change.</summary>
public sealed record RuleContext
{
    /// <summary>What is on the disk.</summary>
    public required GuestMachine Machine { get; init; }

    /// <summary>What the user asked for.</summary>
    public RuleOptions Options { get; init; } = new();

    /// <summary>What the image is made ready for.</summary>
    public TargetProfile Profile { get; init; } = TargetProfile.Empty;

    /// <summary>The disk.</summary>
    public DiskImage Disk => Machine.Disk;

    /// <summary>Its partition table.</summary>
    public PartitionTable Partitions => Machine.Partitions;

    /// <summary>Its volumes, in the order of the partition table.</summary>
    public IReadOnlyList<GuestVolume> Volumes => Machine.Volumes;

    /// <summary>Every Windows installation on the disk.</summary>
    public IReadOnlyList<WindowsSystem> Systems => Machine.Systems;

    /// <summary>The installation that the machine boots, or null when there is none.</summary>
    public WindowsSystem? FoundWindows => Machine.FoundWindows;

    /// <summary>The installation that the machine boots. Rules with <see cref="Rule.NeedsWindows"/> are asked only when there is one.</summary>
    public WindowsSystem Windows => FoundWindows ?? throw new InvalidOperationException("there is no Windows on this disk");

    /// <summary>The boot files on the disk.</summary>
    public BootFiles Boot => Machine.Boot;

    /// <summary>What starts the machine.</summary>
    public Firmware Firmware => Boot.Firmware;

    /// <summary>What was changed.</summary>
    public ChangeLog Changes => Machine.Changes;
}
