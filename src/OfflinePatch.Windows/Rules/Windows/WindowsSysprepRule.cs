using System.Globalization;
using OfflinePatch.Windows.Rules.Agent;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Windows;

/// <summary>
/// <c>windows.sysprep</c>: Windows is either completely set up or properly generalised, not in between (boot-network-accounts.md §6).
/// </summary>
internal sealed class WindowsSysprepRule() : Rule(Description)
{
    private const string Complete = "IMAGE_STATE_COMPLETE";
    // the one value that cloudbase-init takes for "booted" (osutils/windows.py, wait_for_boot_completion)
    private const uint GeneralizationDone = 7;

    private static readonly RuleContract Description = new("windows.sysprep")
    {
        Title = "Windows Setup and Sysprep are finished",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS: run Sysprep if each machine needs its own SID; Azure, Alibaba: no setup in progress",
        Summary = @"SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State\ImageState, SYSTEM\Setup (SystemSetupInProgress, SetupType, "
            + @"OOBEInProgress), SYSTEM\Setup\Status\SysprepStatus.",
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var setup = context.Windows.System.Root.Find("Setup");
        var state = context.Windows.Software.Root.Find(@"Microsoft\Windows\CurrentVersion\Setup\State")?.GetString("ImageState");
        var sysprep = setup?.Find(@"Status\SysprepStatus");
        var generalization = sysprep?.HasValue("GeneralizationState") == true
            && sysprep.GetDword("GeneralizationState") is var number and not GeneralizationDone
            ? number?.ToString(CultureInfo.InvariantCulture) ?? sysprep.Describe("GeneralizationState")
            : null;
        var busy = (string[])
        [
            .. SetupPhase.BusyValues
                .Where(v => setup?.GetDword(v) is { } number && number != 0)
                .Select(v => $@"SYSTEM\Setup\{v}={setup!.GetDword(v)}"),
        ];
        if (state is null or Complete)
        {
            return busy.Length > 0
                ? Finding.Failed(
                    $"Windows Setup is not finished: {string.Join(", ", busy)}.",
                    "Start the source machine, let Setup finish, shut it down, and export it again.", string.Join(", ", busy)) with
                // the next start continues the setup, not Windows
                { Severity = busy.Any(b => !b.Contains("OOBE", StringComparison.Ordinal)) ? RuleSeverity.Error : null }
                : generalization is not null
                    ? Finding.Failed(
                        $@"SYSTEM\Setup\Status\SysprepStatus\GeneralizationState={generalization}: Sysprep was interrupted, or never "
                            + $@"ended; Cloudbase-Init waits until it is {GeneralizationDone}.",
                        @"Run Sysprep again in the source machine; its log is Windows\System32\Sysprep\Panther\setupact.log.")
                    : Finding.Ok($"No setup is in progress, and ImageState is {(state is null ? "absent" : "COMPLETE")}: Windows is not "
                        + "generalised, and copies of this machine share one SID. If each needs its own, run `sysprep /generalize /oobe "
                        + "/shutdown` before the export (`slmgr /dlv` tells how often it can still be rearmed).");
        }

        return state == SetupPhase.Generalized
            ? Finding.Ok("Windows is generalised (Sysprep): the first start runs the specialize and OOBE passes.")
            : Finding.Failed(
                $@"SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State\ImageState is {state}: Windows is between two phases of its "
                    + @"setup.",
                @"Finish the setup in the source machine, or generalise it: `sysprep /generalize /oobe /shutdown`. A generalised image "
                    + @"can be rearmed a limited number of times (`slmgr /dlv`).",
                state, Complete) with
            { Severity = state.EndsWith("UNDEPLOYABLE", StringComparison.Ordinal) ? RuleSeverity.Error : null };
    }
}
