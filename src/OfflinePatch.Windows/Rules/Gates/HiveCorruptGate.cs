using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Rules.Gates;

/// <summary><c>hive.corrupt</c>: the hives that Windows needs to start, and that rules edit, are well formed.</summary>
internal sealed class HiveCorruptGate() : GateRule(Description)
{
    internal static readonly HiveName[] Needed = [HiveName.System, HiveName.Software, HiveName.Drivers];

    private static readonly RuleContract Description = new("hive.corrupt")
    {
        Title = "The registry hives are intact",
        Source = "regf format; a damaged SYSTEM hive stops the boot (0xC000014C, 0xC0000218)",
        Summary = @"System32\config\SYSTEM, SOFTWARE and DRIVERS.",
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var broken = Needed.Select(context.Windows.Load).Where(l => l.Failure is CorruptImageException or UnsupportedImageException)
            .ToList();
        return broken.Count == 0
            ? Finding.Ok("The hives SYSTEM and SOFTWARE are intact.")
            : Finding.Failed(
                string.Join(" ", broken.Select(l => $"{context.Windows.GuestPath(l.Path)}: {l.Failure!.Message}")),
                @"Repair Windows in the source machine (recovery environment, or the copies in Windows\System32\config\RegBack), then "
                    + @"export it again.");
    }
}
