using OfflinePatch.Windows.FirstStart;
using OfflinePatch.Windows.GuestTools;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules;

/// <summary>What a user asks the rules to do, the same for every image of a batch.</summary>
public sealed record RuleRequest
{
    /// <summary>What the image is made ready for.</summary>
    public TargetProfile Profile { get; init; } = TargetCatalog.Get(TargetCatalog.DefaultId);

    /// <summary>Which rules run; <c>--only</c>, <c>--skip</c>.</summary>
    public RuleSelection Selection { get; init; } = RuleSelection.All;

    /// <summary>Host paths of driver sources, best first; <c>--drivers</c>.</summary>
    public IReadOnlyList<string> DriverPaths { get; init; } = [];

    /// <summary>Host paths of root certificates that signatures of drivers may end in besides Microsoft's; <c>--trust-root</c>.</summary>
    public IReadOnlyList<string> TrustedRootPaths { get; init; } = [];

    /// <summary>Host path of a folder with families of drivers in place of the built-in ones, or null; <c>--manifest</c>.</summary>
    public string? ManifestPath { get; init; }

    /// <summary>Host path of Cloudbase-Init, or null; <c>--cloudbase-init</c>.</summary>
    public string? CloudbaseInitPath { get; init; }

    /// <summary>Leave static DNS servers alone; <c>--keep-dns</c>.</summary>
    public bool KeepDns { get; init; }

    /// <summary>Stage drivers although their signature is missing or not accepted by this Windows; <c>--allow-unsigned</c>.</summary>
    public bool AllowUnsigned { get; init; }

    /// <summary>
    /// Continue where drivers of a source are refused: the rules that need them stay failed, and everything else is repaired;
    /// <c>--skip-refused</c>.
    /// </summary>
    public bool SkipRefused { get; init; }

    /// <summary>
    /// Verify the drivers that the image has (files, catalogue, signature, this Windows); replace what must not be used from the sources,
    /// or else remove it from the index; <c>--replace-drivers</c>.
    /// </summary>
    public bool ReplaceDrivers { get; init; }

    /// <summary>
    /// Host path of a list of the PCI devices that the target gives the machine, or <see cref="DevicesOfTarget"/> for the list that the
    /// profile has; null for none; <c>--devices</c>.
    /// </summary>
    public string? DevicesPath { get; init; }

    /// <summary>In place of a path: the list of the profile.</summary>
    public const string DevicesOfTarget = "target";

    /// <summary>Rules that are not to repair anything, because what they would stage was refused, each with the reason.</summary>
    internal IReadOnlyDictionary<string, string> RefusedRules { get; init; } = new Dictionary<string, string>();

    /// <summary>Turn Remote Desktop on; <c>--enable-rdp</c>.</summary>
    public bool EnableRdp { get; init; }

    /// <summary>
    /// Rebuild or correct what starts Windows, on this disk: boot configuration, boot files, a missing system partition;
    /// <c>--repair-boot</c>.
    /// </summary>
    public bool RepairBoot { get; init; }

    /// <summary>The name that means every product in <see cref="RemoveTools"/>.</summary>
    public const string AllTools = "all";

    /// <summary>
    /// Tools of other hypervisors by product id, or <see cref="AllTools"/>, and how much of each is removed; <c>--remove-tools</c>.
    /// </summary>
    public IReadOnlyDictionary<string, ToolsLevel> RemoveTools { get; init; } = new Dictionary<string, ToolsLevel>();

    /// <summary>Host path of a file or folder with products besides the built-in ones, or null; <c>--tools-data</c>.</summary>
    public string? ToolsDataPath { get; init; }

    /// <summary>Receives where the work is, rule by rule, on the thread that does it; or null.</summary>
    public IProgress<RuleProgress>? Progress { get; init; }

    /// <summary>
    /// Remove what Windows remembers of devices that never worked, and packages that are in the index of drivers only;
    /// <c>--repair-devices</c>.
    /// </summary>
    public bool RepairDevices { get; init; }

    /// <summary>Switch virtualization-based security off; <c>--disable-vbs</c>.</summary>
    public bool DisableVbs { get; init; }

    /// <summary>
    /// Bytes that the virtual disk must have at least, in addition to what the target requires; 0 for nothing more; <c>--min-size</c>.
    /// </summary>
    public long MinSize { get; init; }

    /// <summary>
    /// The partition of Windows and its NTFS volume take the unallocated space that follows them, also what a growth of the disk adds;
    /// <c>--extend</c>.
    /// </summary>
    public bool Extend { get; init; }

    /// <summary>
    /// The password to set for the built-in administrator (RID 500); null to leave it. Never in a report;
    /// <c>--admin-password-file</c>.
    /// </summary>
    public string? AdministratorPassword { get; init; }

    /// <summary>Enable and unlock the built-in administrator; implied by a password; <c>--enable-administrator</c>.</summary>
    public bool EnableAdministrator { get; init; }

    /// <summary>
    /// Keep the static network settings: save them, clear them on the old adapters, and give them to the new ones at the first start;
    /// <c>--network keep</c>.
    /// </summary>
    public bool KeepNetwork { get; init; }

    /// <summary>Static settings for adapters of the new machine; <c>--static</c>.</summary>
    public IReadOnlyList<NetworkSettings> StaticNetworks { get; init; } = [];

    /// <summary>Scripts that run once at the first start, in this order; <c>--first-boot</c>.</summary>
    public IReadOnlyList<FirstBootScript> FirstBootScripts { get; init; } = [];

    /// <summary>The name to give the machine; null to leave it; <c>--hostname</c>.</summary>
    public string? HostName { get; init; }

    /// <summary>The time zone, as this Windows names it; null to leave it; <c>--timezone</c>.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Host path of the QEMU guest agent, or null; <c>--guest-agent</c>.</summary>
    public string? GuestAgentPath { get; init; }

    /// <summary>Delete what identifies the source machine to servers, for clones; <c>--reset-clone-state</c>.</summary>
    public bool ResetCloneState { get; init; }

    /// <summary>
    /// Whether <see cref="HostName"/> can be this: 1 to 15 letters, digits and hyphens, no hyphen at an end, not digits alone.
    /// </summary>
    public static bool IsHostName(string name) => Start.ComputerNameRule.IsValid(name);

    private bool PrintMembers(System.Text.StringBuilder text)
    {
        text.Append("Profile = ").Append(Profile.Id); // the default would print the password
        return true;
    }
}
