namespace OfflinePatch.Windows.Rules.Gates;

/// <summary><c>volume.dirty</c>: Windows does not want to check the volume at its next start (ntfs.md §10).</summary>
internal sealed class VolumeDirtyGate() : GateRule(Description)
{
    private static readonly RuleContract Description = new("volume.dirty")
    {
        Title = "The volume is not marked dirty",
        Source = "NTFS: $Volume flag 0x0001; Windows runs chkdsk before it uses the volume",
        Summary = "$Volume, $VOLUME_INFORMATION flags of the volumes with Windows and its boot files.",
        NeedsWindows = false,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var dirty = VolumeGates.Written(context).Where(v => v.Condition is { IsDirty: true }).ToList();
        return dirty.Count == 0
            ? Finding.Ok("No volume is marked dirty.")
            : Finding.Failed(
                $"{string.Join(", ", dirty.Select(v => v.Description))}: the dirty flag of $Volume is set.",
                "Start the source machine, run `chkdsk C: /f`, restart, shut it down with `shutdown /s /t 0`, and export it again.");
    }
}
