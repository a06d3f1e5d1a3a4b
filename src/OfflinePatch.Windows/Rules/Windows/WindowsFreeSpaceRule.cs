using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Windows;

/// <summary>
/// <c>windows.free-space</c>: the Windows volume has space for drivers, the agent and a first start (images-and-cloud.md §1.8, §4.0).
/// </summary>
internal sealed class WindowsFreeSpaceRule() : Rule(Description)
{
    private const long MiB = 1L << 20;

    private static readonly NumberParameter MinFree = new("minimumMiB", Default: 300, Min: 0, Max: 1 << 30,
        "Free MiB on the Windows volume.");

    private static readonly RuleContract Description = new("windows.free-space")
    {
        Title = "The Windows volume has free space",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS: more than 300 MB on C: for drivers and the password plug-in; Google Compute Engine warns below 1 GB",
        Summary = "Free bytes of the volume that holds Windows.",
        Parameters = [MinFree],
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (context.Windows.Volume.FreeBytes is not { } free)
        {
            return Finding.NotApplicable("The free space is not known.");
        }

        var minimum = Value(context, MinFree);
        return free >= minimum * MiB
            ? Finding.Ok($"{context.Windows.DriveLetter} has {free / MiB} MiB free.")
            : Finding.Failed(
                $"{context.Windows.DriveLetter} has only {free / MiB} MiB free; {context.Profile.Title} asks for {minimum} MiB.",
                "Enlarge disk and volume: `offlinepatch resize IMAGE +10G --extend`; or free space in the source machine (`cleanmgr`, page "
                    + "file, old updates), and export it again.",
                $"{free / MiB} MiB");
    }
}
