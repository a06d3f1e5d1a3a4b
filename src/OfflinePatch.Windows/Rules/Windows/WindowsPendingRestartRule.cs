using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Windows;

/// <summary>
/// <c>windows.pending-restart</c>: what else the next start does (boot-network-accounts.md §6): Windows Update, chkdsk, files
/// that are replaced or deleted, Driver Verifier. Operations on files that the machine needs are those of windows.pending-renames.
/// </summary>
internal sealed class WindowsPendingRestartRule() : Rule(Description)
{
    private const string WindowsUpdate = @"Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired";

    private const string CbsSessions = @"Microsoft\Windows\CurrentVersion\Component Based Servicing\SessionsPending";

    private static readonly RuleContract Description = new("windows.pending-restart")
    {
        Title = "The first start has no pending work",
        Severity = RuleSeverity.Warning,
        Source = "Azure, AWS VM Import: no pending restart, no disk check, no Driver Verifier",
        Summary = $@"SOFTWARE\{WindowsUpdate}, Control\Session Manager\BootExecute, PendingFileRenameOperations, Memory "
            + @"Management\VerifyDrivers.",
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var found = new List<string>();
        if (context.Windows.Software.Root.Find(WindowsUpdate) is not null)
        {
            found.Add($@"Windows Update asks for a restart (SOFTWARE\{WindowsUpdate})");
        }

        if (context.Windows.Software.Root.Find(CbsSessions)
            ?.SubKeys.FirstOrDefault(k => k.GetDword("Complete") is not 1 && k.Values.Any()) is { } open)
        {
            found.Add($@"a servicing session is open ({open.Path} lacks Complete=1)");
        }

        var manager = context.Windows.Current.Find(@"Control\Session Manager");
        var boot = manager?.GetMultiString("BootExecute")
            ?.Where(c => c.Length > 0 && !c.Equals("autocheck autochk *", StringComparison.OrdinalIgnoreCase)
            && !c.StartsWith("autocheck autochk /q /v", StringComparison.OrdinalIgnoreCase)).ToList() ?? [];
        if (boot.Count > 0)
        {
            found.Add($@"Session Manager\BootExecute runs {string.Join(", ", boot)}");
        }

        if (manager is not null
            && PendingRenames.ValueNames.SelectMany(n => PendingRenames.Read(manager, n)).ToList() is { Count: > 0 } renames)
        {
            found.Add($@"Session Manager\PendingFileRenameOperations holds {renames.Count} file operation(s), the first for "
                + $@"{renames[0].Source}");
        }

        var memory = manager?.Find("Memory Management");
        if (memory?.GetString("VerifyDrivers") is { Length: > 0 } verified)
        {
            found.Add($@"Driver Verifier watches {verified} (Memory Management\VerifyDrivers)");
        }

        return found.Count == 0
            ? Finding.Ok("Windows Update, open CBS sessions, BootExecute, PendingFileRenameOperations and VerifyDrivers ask for nothing at "
                + "the next start.")
            : Finding.Failed(
                string.Join("; ", found) + ".",
                "Restart the source machine until nothing is pending (`verifier /reset` for Driver Verifier), shut it down, and export "
                    + "it again.");
    }
}
