namespace OfflinePatch.Windows.Rules.Gates;

/// <summary>
/// <c>hive.unclean</c>: a hive that was not written completely can be recovered from its logs. Windows itself refuses such a hive without
/// logs (registry.md §5).
/// </summary>
internal sealed class HiveUncleanGate() : GateRule(Description)
{
    private static readonly RuleContract Description = new("hive.unclean")
    {
        Title = "The registry hives are complete, or their logs complete them",
        Source = "regf: sequence numbers of the base block; Windows refuses a dirty hive without its logs (error 1009)",
        Summary = @"System32\config\SYSTEM, SOFTWARE and DRIVERS, with .LOG, .LOG1 and .LOG2.",
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var unclean = HiveCorruptGate.Needed.Select(context.Windows.Load).Where(l => l.IsUnclean).ToList();
        return unclean.Count == 0
            ? Finding.Ok("The hives are complete, or their logs complete them.")
            : Finding.Failed(
                string.Join(" ", unclean.Select(l => $"{context.Windows.GuestPath(l.Path)}: {l.Failure!.Message}")),
                "Start the source machine once, shut it down with `shutdown /s /t 0`, and export it again, with the .LOG1 and .LOG2 "
                    + "files next to the hives.");
    }
}
