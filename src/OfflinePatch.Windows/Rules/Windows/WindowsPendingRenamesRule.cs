using OfflinePatch.Core;
using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Rules.Windows;

/// <summary>
/// <c>windows.pending-renames</c>: no file operation pending for the next start removes what the machine then needs: a driver that
/// starts at boot, the agent, a hive (boot-network-accounts.md §6). An uninstaller in the source machine may have left such an operation
/// for a file that was staged again: the first start succeeds, and the second one does not. Only such operations are dropped; all others
/// stay.
/// </summary>
internal sealed class WindowsPendingRenamesRule() : Rule(Description)
{
    private static readonly string[] Hives = ["SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT", "DRIVERS"];

    private static readonly RuleContract Description = new("windows.pending-renames")
    {
        Title = "The next start deletes nothing that the machine needs",
        Source = "Windows session manager: MoveFileEx with MOVEFILE_DELAY_UNTIL_REBOOT; virt-v2v and AWS VM Import look at the same value",
        Summary = @"Control\Session Manager\PendingFileRenameOperations and PendingFileRenameOperations2: pairs that delete or move away "
            + @"a driver with Start=0, a file of Cloudbase-Init or a registry hive are dropped.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var harmful = (
            from set in context.Windows.BootControlSets
            from name in PendingRenames.ValueNames
            from rename in Harmful(context, set, name)
            select $@"{set.Name}\{PendingRenames.KeyPath}\{name}: {(rename.IsDeletion ? "deletes" : "moves away")} {rename.Source}")
            .ToList();
        return harmful.Count == 0
            ? Finding.Ok("No pending file operation names a boot driver, the agent or a hive.")
            : Finding.Broken($"{harmful[0]}, which the machine needs.", string.Join("; ", harmful), "these operations dropped");
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        foreach (var set in context.Windows.BootControlSets)
        {
            foreach (var name in PendingRenames.ValueNames)
            {
                var harmful = Harmful(context, set, name).ToHashSet();
                if (harmful.Count > 0)
                {
                    var manager = set.Find(PendingRenames.KeyPath)!;
                    PendingRenames.Write(manager, name, [.. PendingRenames.Read(manager, name).Where(r => !harmful.Contains(r))]);
                }
            }
        }
    }

    private static IEnumerable<PendingRename> Harmful(RuleContext context, ControlSet set, string valueName)
    {
        var renames = PendingRenames.Read(set.Find(PendingRenames.KeyPath), valueName);
        if (renames.Count == 0)
        {
            return [];
        }

        var needed = Needed(context, set);
        var agent = CloudbaseInitInstallation.Find(context.Windows)?.Directory;
        return renames.Where(r => PendingRenames.PathOn(context.Windows, r.Source) is { } path
            && (needed.Contains(path) || (agent is not null && FilePath.IsWithin(path, agent))));
    }

    private static HashSet<string> Needed(RuleContext context, ControlSet set)
    {
        var needed = Hives.Select(h => context.Windows.PathOf(@"System32\config\" + h)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var service in set.Find("Services")?.SubKeys ?? [])
        {
            if (service.GetDword("Start") == 0 && ServiceImage.Resolve(context.Windows, service) is { } path)
            {
                needed.Add(path);
            }
        }

        return needed;
    }
}
