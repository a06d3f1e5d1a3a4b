using OfflinePatch.Disks;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Jobs;

/// <summary>What the user asks for, the same for every image of a batch.</summary>
public sealed record ImageRequest
{
    /// <summary>What the image is made ready for.</summary>
    public TargetProfile Profile { get; init; } = TargetCatalog.Get(TargetCatalog.DefaultId);

    /// <summary>Which rules run.</summary>
    public RuleSelection Selection { get; init; } = RuleSelection.All;

    /// <summary>Host paths of driver sources, best first.</summary>
    public IReadOnlyList<string> DriverPaths { get; init; } = [];

    /// <summary>Host path of a folder with families of drivers in place of the built-in ones, or null.</summary>
    public string? ManifestPath { get; init; }

    /// <summary>Host path of Cloudbase-Init, or null.</summary>
    public string? CloudbaseInitPath { get; init; }

    /// <summary>Switches of single rules; its sources are filled from the paths above.</summary>
    public RuleOptions Rules { get; init; } = new();

    /// <summary>Whether the $LogFile of a volume that was not dismounted cleanly is replayed.</summary>
    public bool ReplayLog { get; init; }

    /// <summary>How the image is opened.</summary>
    internal SessionOptions Session => new() { ReplayLog = ReplayLog, Clock = Rules.Clock };

    /// <summary>Whether parents and backing files may be read.</summary>
    public bool AllowBacking { get; init; }

    /// <summary>Folder of the undo file, or null for the image's own.</summary>
    public string? UndoFolder { get; init; }

    /// <summary>Whether the undo file stays.</summary>
    public bool KeepUndo { get; init; } = true;

    /// <summary>Tell what would be done, and do nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>Where the fixed copy goes, or null to change the image in place.</summary>
    public string? OutputPath { get; init; }

    /// <summary>The format of the copy, or null for that of the image.</summary>
    public ImageFormat? OutputFormat { get; init; }

    /// <summary>The variant of the copy, as its format calls it, or null.</summary>
    public string? OutputSubformat { get; init; }

    /// <summary>Compression of the copy, or null.</summary>
    public string? Compression { get; init; }

    /// <summary>Whether an existing copy may be replaced.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Whether the copy is read again and compared.</summary>
    public bool Verify { get; init; }

    /// <summary>The user's CreateMF.jar, to make the bitmap of a RAW copy; or null.</summary>
    public string? CreateMfJar { get; init; }

    /// <summary>The user's qemu-img-hw, to judge a ZVHD2 copy; or null.</summary>
    public string? QemuImgHw { get; init; }

    /// <summary>Told how far the copy is, or null.</summary>
    public IProgress<ConversionProgress>? Progress { get; init; }
}
