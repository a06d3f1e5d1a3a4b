using OfflinePatch.Core;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Windows;

/// <summary>
/// <c>windows.device-guard</c>: no policy stops the start where virtualization-based security cannot run. With <c>Mandatory</c> the loader does not start Windows
/// without a hypervisor, which a guest has only where the cloud nests them; with HVCI Windows loads drivers only that were made for it. Told, never changed: it is
/// known from Microsoft's description, and was not seen on a machine.
/// </summary>
internal sealed class WindowsDeviceGuardRule() : Rule(Description)
{
    private const string Key = @"Control\DeviceGuard";
    private const string PolicyKey = @"Policies\Microsoft\Windows\DeviceGuard";
    private const string Hvci = @"Scenarios\HypervisorEnforcedCodeIntegrity";

    private static readonly RuleContract Description = new("windows.device-guard")
    {
        Title = "Virtualization-based security does not stop the start",
        Severity = RuleSeverity.Warning,
        Source = "learn.microsoft.com: Enable memory integrity (registry values Mandatory, Locked, HypervisorEnforcedCodeIntegrity\\Enabled); Deploy WDAC policies using Group Policy",
        Summary = $@"{Key}: Mandatory; {Key}\{Hvci}: Enabled; SOFTWARE\{PolicyKey}: HypervisorEnforcedCodeIntegrity, DeployConfigCIPolicy; System32\CodeIntegrity\SIPolicy.p7b.",
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        foreach (var set in context.Windows.BootControlSets)
        {
            if (set.Find(Key)?.GetDword("Mandatory") is not (null or 0))
            {
                return Finding.Failed(
                    $@"{set.Name}\{Key}\Mandatory=1: Windows does not start where virtualization-based security cannot run, as on a host without nested virtualization.",
                    @"In the source machine: `reg add HKLM\SYSTEM\CurrentControlSet\Control\DeviceGuard /v Mandatory /t REG_DWORD /d 0 /f`, or take the policy back; then export it again.", "1", "0");
            }

            if (set.Find($@"{Key}\{Hvci}")?.GetDword("Enabled") is not (null or 0)
                || context.Windows.Software.Root.Find(PolicyKey)?.GetDword("HypervisorEnforcedCodeIntegrity") is not (null or 0))
            {
                return Finding.Failed(
                    $@"{set.Name}\{Key}\{Hvci}: memory integrity (HVCI) is on. Where it runs, Windows loads only drivers that were made for it.",
                    "Use drivers that are signed by Microsoft for Windows 10 and later, or switch memory integrity off in the source machine (Windows Security, Core isolation).");
            }
        }

        if (CodeIntegrityPolicy(context) is { } policy)
        {
            return Finding.Failed(
                $"{policy}: a code integrity policy (WDAC) says which drivers Windows loads; whether those of the target are among them is not known.",
                "Allow the drivers' publisher in the policy, or take it back in the source machine, then export it again.", policy);
        }

        return Finding.Ok("Virtualization-based security is not mandatory, memory integrity is off, and no code integrity policy is deployed.");
    }

    /// <summary>A policy that an administrator deployed; those that come with Windows stand elsewhere (CodeIntegrity\CiPolicies).</summary>
    private static string? CodeIntegrityPolicy(RuleContext context)
    {
        var file = context.Windows.PathOf(@"System32\CodeIntegrity\SIPolicy.p7b");
        return context.Windows.Software.Root.Find(PolicyKey)?.GetDword("DeployConfigCIPolicy") is not (null or 0) ? $@"SOFTWARE\{PolicyKey}\DeployConfigCIPolicy=1"
            : context.Windows.Volume.RequireFiles().FileExists(file) ? context.Windows.GuestPath(file)
            : null;
    }
}
