namespace OfflinePatch.Windows.Rules.Gates;

/// <summary><c>volume.log-unclean</c>: $LogFile holds nothing that Windows would still redo over the changes (ntfs.md §11).</summary>
internal sealed class VolumeLogUncleanGate() : GateRule(Description)
{
    private static readonly RuleContract Description = new("volume.log-unclean")
    {
        Title = "The volume was dismounted cleanly",
        Source = "NTFS: restart pages of $LogFile; version 2.0 or an open client means mounted, crashed or hibernated",
        Summary = "$LogFile of the volumes with Windows and its boot files.",
        NeedsWindows = false,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var unclean = VolumeGates.Written(context).Where(v => v.Condition is { LogProblem: not null }).ToList();
        return unclean.Count == 0
            ? Finding.Ok("Every $LogFile is clean.")
            : Finding.Failed(
                string.Join(" ", unclean.Select(v => $"{v.Description}: {v.Condition!.LogProblem}")),
                "Shut the source machine down fully (`shutdown /s /t 0`, not a snapshot of a running machine, not fast startup), then "
                    + "export it again; or add --replay-log, which does what Windows would do at its next start.");
    }
}
