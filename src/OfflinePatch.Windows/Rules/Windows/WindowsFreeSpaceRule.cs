using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Windows;

/// <summary><c>windows.free-space</c>: the Windows volume has room for drivers, the agent and a first start (images-and-cloud.md §1.8, §4.0).</summary>
public sealed class WindowsFreeSpaceRule : Rule
{
    private const long MiB = 1L << 20;

    /// <inheritdoc/>
    public override string Id => "windows.free-space";

    /// <inheritdoc/>
    public override string Title => "The Windows volume has free space";

    /// <inheritdoc/>
    public override RuleSeverity Severity => RuleSeverity.Warning;

    /// <inheritdoc/>
    public override string Source => "Huawei IMS: more than 300 MB on C: for drivers and the password plug-in; Google Compute Engine warns below 1 GB";

    /// <inheritdoc/>
    public override string Summary => "Free bytes of the volume that holds Windows.";

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (context.Windows.Volume.FreeBytes is not { } free)
        {
            return Finding.NotApplicable("The free space is not known.");
        }

        var minimum = context.Profile.Number(Id, "minimumMiB", 300);
        return free >= minimum * MiB
            ? Finding.Ok($"{context.Windows.DriveLetter} has {free / MiB} MiB free.")
            : Finding.Failed(
                $"{context.Windows.DriveLetter} has only {free / MiB} MiB free; {context.Profile.Title} asks for {minimum} MiB.",
                "Free space in the source machine (`cleanmgr`, page file, old updates), or enlarge the volume; then export it again.", $"{free / MiB} MiB");
    }
}
