using OfflinePatch.Disks;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Windows.Inspection;
using OfflinePatch.Windows.Profiles;

namespace OfflinePatch.Windows.Rules;

/// <summary>Everything that a rule may see and change.</summary>
public sealed class Guest
{
    /// <summary>The disk, or null in tests.</summary>
    public DiskImage? Disk { get; init; }

    /// <summary>Its partition table, or null in tests.</summary>
    public PartitionTable? Partitions { get; init; }

    /// <summary>Its volumes, in the order of the partition table.</summary>
    public IReadOnlyList<GuestVolume> Volumes { get; init; } = [];

    /// <summary>Every Windows installation on the disk.</summary>
    public IReadOnlyList<WindowsSystem> Systems { get; init; } = [];

    /// <summary>The installation that the machine boots, or null when there is none.</summary>
    public WindowsSystem? FoundWindows { get; init; }

    /// <summary>The installation that the machine boots. Rules with <see cref="Rule.NeedsWindows"/> are asked only when there is one.</summary>
    public WindowsSystem Windows => FoundWindows ?? throw new InvalidOperationException("there is no Windows on this disk");

    /// <summary>The boot files on the disk.</summary>
    public BootFiles Boot { get; init; } = BootFiles.None;

    /// <summary>What starts the machine.</summary>
    public Firmware Firmware => Boot.Firmware;

    /// <summary>What the user asked for.</summary>
    public RuleOptions Options { get; init; } = new();

    /// <summary>What the image is made ready for.</summary>
    public TargetProfile Profile { get; init; } = TargetProfile.Empty;

    /// <summary>What was changed.</summary>
    public ChangeLog Changes { get; init; } = new();
}
