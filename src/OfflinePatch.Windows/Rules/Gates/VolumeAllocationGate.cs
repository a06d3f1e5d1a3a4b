using OfflinePatch.Core;

namespace OfflinePatch.Windows.Rules.Gates;

/// <summary>
/// <c>volume.allocation</c>: what the free map of a volume marks as free is free by its files too, so that nothing is overwritten.
/// </summary>
internal sealed class VolumeAllocationGate() : GateRule(Description)
{
    private static readonly RuleContract Description = new("volume.allocation")
    {
        Title = "Free space is free",
        Source = "NTFS: runs of all FILE records against $Bitmap; chkdsk repairs the same contradictions",
        Summary = "All FILE records of the volumes with Windows and its boot files, against `$Bitmap`.",
        NeedsWindows = false,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var damaged = VolumeGates.Written(context)
            .Select(v => (Volume: v, Findings: (v.Files as IWritableFileSystem)?.FindObstacles() ?? []))
            .Where(v => v.Findings.Count > 0)
            .ToList();
        return damaged.Count == 0
            ? Finding.Ok("No free cluster belongs to a file.")
            : Finding.Failed(
                string.Join(" ", damaged.Select(v =>
                    $"{v.Volume.Description}: {v.Findings[0].Text}"
                    + (v.Findings.Count > 1 ? $", and {v.Findings.Count - 1} more." : "."))),
                "Run `chkdsk /f` on this volume in the source machine, shut it down and export it again: a change here could overwrite "
                    + "files.");
    }
}
