using OfflinePatch.Core;
using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.Inspection;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Windows.Rules;

/// <summary>
/// <c>windows.pending-renames</c>: no file operation that waits for the next start takes away what the machine needs then: a driver that starts at boot,
/// the agent, a hive (boot-network-accounts.md §6). An uninstaller in the source machine may have left such an operation for a file that was staged
/// anew: the first start succeeds, and the second one does not. Only such operations are dropped; all others stay.
/// </summary>
public sealed class WindowsPendingRenamesRule : Rule
{
    private static readonly string[] Hives = ["SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT", "DRIVERS"];

    /// <inheritdoc/>
    public override string Id => "windows.pending-renames";

    /// <inheritdoc/>
    public override string Title => "The next start deletes nothing that the machine needs";

    /// <inheritdoc/>
    public override RuleSeverity Severity => RuleSeverity.Error;

    /// <inheritdoc/>
    public override string Source => "Windows session manager: MoveFileEx with MOVEFILE_DELAY_UNTIL_REBOOT; virt-v2v and AWS VM Import look at the same value";

    /// <inheritdoc/>
    public override string Summary =>
        @"Control\Session Manager\PendingFileRenameOperations and PendingFileRenameOperations2: pairs that delete or move away a driver with Start=0, a file of Cloudbase-Init or a registry hive are dropped.";

    /// <inheritdoc/>
    public override bool CanFix => true;

    /// <inheritdoc/>
    public override Finding Inspect(Guest guest)
    {
        var harmful = (
            from set in guest.Windows.BootControlSets
            from name in PendingRenames.ValueNames
            from rename in Harmful(guest, set, name)
            select $@"{set.Name}\{PendingRenames.KeyPath}\{name}: {(rename.IsDeletion ? "deletes" : "moves away")} {rename.Source}").ToList();
        return harmful.Count == 0
            ? Finding.Ok("No pending file operation names a boot driver, the agent or a hive.")
            : Finding.Broken($"{harmful[0]}, which the machine needs.", string.Join("; ", harmful), "these operations dropped");
    }

    /// <inheritdoc/>
    public override void Fix(Guest guest)
    {
        foreach (var set in guest.Windows.BootControlSets)
        {
            foreach (var name in PendingRenames.ValueNames)
            {
                var harmful = Harmful(guest, set, name).ToHashSet();
                if (harmful.Count > 0)
                {
                    var manager = set.Find(PendingRenames.KeyPath)!;
                    PendingRenames.Write(manager, name, [.. PendingRenames.Read(manager, name).Where(r => !harmful.Contains(r))]);
                }
            }
        }
    }

    private static IEnumerable<PendingRename> Harmful(Guest guest, ControlSet set, string valueName)
    {
        var renames = PendingRenames.Read(set.Find(PendingRenames.KeyPath), valueName);
        if (renames.Count == 0)
        {
            return [];
        }

        var needed = Needed(guest, set);
        var agent = CloudbaseInitInstallation.Find(guest.Windows)?.Directory;
        return renames.Where(r => PendingRenames.PathOn(guest.Windows, r.Source) is { } path && (needed.Contains(path) || (agent is not null && FilePath.IsWithin(path, agent))));
    }

    private static HashSet<string> Needed(Guest guest, ControlSet set)
    {
        var needed = Hives.Select(h => guest.Windows.PathOf(@"System32\config\" + h)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var service in set.Find("Services")?.SubKeys ?? [])
        {
            if (service.GetDword("Start") == 0 && ServiceImage.Resolve(guest.Windows, service) is { } path)
            {
                needed.Add(path);
            }
        }

        return needed;
    }
}
