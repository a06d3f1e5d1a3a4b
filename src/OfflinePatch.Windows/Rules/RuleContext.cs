using OfflinePatch.Disks;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules;

/// <summary>Everything that a rule may see and change.</summary>
internal sealed record RuleContext
{
    /// <summary>What is on the disk.</summary>
    public required GuestMachine Machine { get; init; }

    /// <summary>What the user asks for.</summary>
    public RuleRequest Request { get; init; } = new();

    /// <summary>What files are taken from.</summary>
    public RuleSources Sources { get; init; } = new();

    /// <summary>Ends the work between two rules.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>The format of the copy that is written, or null when the image is changed in place.</summary>
    public ImageFormat? OutputFormat { get; init; }

    /// <summary>Bytes of the file that goes to the cloud, where known: the host file(s) of the image.</summary>
    public long? FileSize { get; init; }

    /// <summary>Whether the image depends on parents or backing files.</summary>
    public bool HasParents { get; init; }

    /// <summary>What the image is made ready for.</summary>
    public TargetProfile Profile => Request.Profile;

    /// <summary>The clock, for what has to carry a time stamp.</summary>
    public TimeProvider Clock => Changes.Clock;

    /// <summary>How drivers are staged.</summary>
    public StagingOptions Staging =>
        new()
        {
            AllowUnsigned = Request.AllowUnsigned,
            ReplaceBroken = Request.ReplaceDrivers,
            Manifest = Sources.Manifest,
            Signatures = Signatures,
            Clock = Clock,
        };

    /// <summary>What signatures of drivers are judged by on this Windows.</summary>
    public SignatureOptions Signatures =>
        new()
        {
            TrustedRoots = Sources.TrustedRoots,
            HasSha2Update = KernelUpdates.HasSha2(Windows),
            TestSigning = Boot.HasTestSigning,
            Clock = Clock,
        };

    /// <summary>Decides which drivers are staged, kept or removed.</summary>
    /// <param name="storeOnly">Whether they are only put into the driver store.</param>
    public DriverPlanner Planner(bool storeOnly = false) =>
        new(Windows, [.. Sources.DriverPackages], Staging with { StoreOnly = storeOnly });

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

    /// <summary>
    /// The installation that the machine boots. Rules with <see cref="RuleContract.NeedsWindows"/> are asked only when there is one.
    /// </summary>
    public WindowsSystem Windows => FoundWindows ?? throw new InvalidOperationException("there is no Windows on this disk");

    /// <summary>The boot files on the disk.</summary>
    public BootFiles Boot => Machine.Boot;

    /// <summary>What starts the machine.</summary>
    public Firmware Firmware => Boot.Firmware;

    /// <summary>What was changed.</summary>
    public ChangeLog Changes => Machine.Changes;
}
