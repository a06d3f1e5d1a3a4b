using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Rules.Gates;

/// <summary>
/// <c>windows.servicing-pending</c>: no update waits for a restart (boot-network-accounts.md §6). Servicing that resumes at the next start
/// replays its own plan over SYSTEM, SOFTWARE and the driver store. Keys that exist on healthy machines too (SessionsPending, TxR) are no
/// evidence.
/// </summary>
internal sealed class WindowsServicingPendingGate() : GateRule(Description)
{
    private const string Cbs = @"Microsoft\Windows\CurrentVersion\Component Based Servicing";
    private static readonly string[] Markers = ["RebootPending", "RebootInProgress", "PackagesPending"];

    /// <summary>Values of the root of COMPONENTS that are absent, 0 or empty when nothing is pending.</summary>
    private static readonly string[] ComponentValues =
        ["ExecutionState", "PendingXmlIdentifier", "NextQueueEntryIndex", "NextQueueEntryIndexBCDB", "AdvancedInstallersNeedResolving",
            "StoreDirty"];

    private static readonly RuleContract Description = new("windows.servicing-pending")
    {
        Title = "No Windows update waits for a restart",
        Source = "Azure win-fix-pending-updates.ps1; virt-v2v waits for the same markers; AWS VM Import rejects pending updates",
        Summary = $@"SOFTWARE\{Cbs}\{{{string.Join(", ", Markers)}}}, Windows\WinSxS\pending.xml, COMPONENTS, Session "
            + @"Manager\SetupExecute.",
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var system = context.Windows;
        var evidence = new List<string>();
        if (system.Load(HiveName.Software).Hive?.Root.Find(Cbs) is { } cbs)
        {
            evidence.AddRange(Markers.Where(m => cbs.Find(m) is not null).Select(m => $@"SOFTWARE\{Cbs}\{m} exists"));
        }

        if (system.Volume.RequireFiles().FileExists(system.PathOf(@"WinSxS\pending.xml")))
        {
            evidence.Add($"{system.GuestPath(system.PathOf(@"WinSxS\pending.xml"))} exists");
        }

        if (system.Load(HiveName.System).Hive is not null)
        {
            evidence.AddRange(
                from set in system.BootControlSets
                from command in set.Find(@"Control\Session Manager")?.GetMultiString("SetupExecute") ?? []
                where command.Contains("poqexec", StringComparison.OrdinalIgnoreCase)
                select $@"{set.Name}\Control\Session Manager\SetupExecute runs {command}");
        }

        if (system.Load(HiveName.Components).Hive?.Root is { } components)
        {
            evidence.AddRange(ComponentValues.Where(v => !IsSettled(components, v))
                .Select(v => $"COMPONENTS: {v} = {components.Describe(v)}"));
        }

        return evidence.Count == 0
            ? Finding.Ok("None of the marks of an unfinished servicing operation was found.")
            : Finding.Failed(
                $"Windows servicing is not finished: {string.Join("; ", evidence)}.",
                "Start the source machine, let Windows finish its updates (restart until it asks for none), shut it down with `shutdown "
                    + "/s /t 0`, and export it again.");
    }

    private static bool IsSettled(GuestKey key, string value) =>
        key.GetBinary(value) is not { } data || !data.AsSpan().ContainsAnyExcept((byte)0);
}
