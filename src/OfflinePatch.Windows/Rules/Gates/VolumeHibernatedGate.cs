namespace OfflinePatch.Windows.Rules.Gates;

/// <summary><c>volume.hibernated</c>: Windows does not sleep on the volume (boot-network-accounts.md §5).</summary>
internal sealed class VolumeHibernatedGate() : GateRule(Description)
{
    private static readonly RuleContract Description = new("volume.hibernated")
    {
        Title = "Windows is not hibernated",
        Source = "hiberfil.sys begins with HIBR; a resumed Windows overwrites changes with its cached metadata",
        Summary = "The first bytes of hiberfil.sys.",
        NeedsWindows = false,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var asleep = context.Volumes.Where(v => v.Condition is { HibernationProblem: not null }).ToList();
        if (asleep.Count > 0)
        {
            return Finding.Failed(
                string.Join(" ", asleep.Select(v => $"{v.Description}: {v.Condition!.HibernationProblem}")),
                "In the source machine: `powercfg /h off`, then `shutdown /s /t 0`, then export it again.");
        }

        var notes = context.Volumes.Select(v => v.Condition?.HibernationNote).OfType<string>().ToList();
        return Finding.Ok("No hiberfil.sys holds a hibernated Windows." + (notes.Count == 0 ? "" : " " + string.Join(" ", notes)));
    }
}
