using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Windows;

/// <summary>
/// <c>windows.device-guard</c>: no policy stops the start where virtualization-based security cannot run. With <c>Mandatory</c> the loader
/// does not start Windows without a hypervisor, which a guest has only where the cloud nests them; with HVCI Windows loads drivers only
/// that were made for it. Reported: it is known from Microsoft's description, and was not observed on a machine. With <c>--disable-vbs</c>
/// virtualization-based security is switched off in every control set that a boot uses, as migrations to hosts without nested
/// virtualization do; it lowers the protection of the machine, which is the owner's decision.
/// </summary>
internal sealed class WindowsDeviceGuardRule() : Rule(Description)
{
    private const string Key = @"Control\DeviceGuard";
    private const string PolicyKey = @"Policies\Microsoft\Windows\DeviceGuard";
    private const string Lsa = @"Control\Lsa";
    private const string SignedPolicy = @"EFI\Microsoft\Boot\SIPolicy.p7b";
    private const string TakeBack =
        "Allow the drivers' publisher in the policy, or remove the policy in the source machine, then export it again.";
    private const string Hvci = @"Scenarios\HypervisorEnforcedCodeIntegrity";

    private static readonly RuleContract Description = new("windows.device-guard")
    {
        Title = "Virtualization-based security does not stop the start",
        Severity = RuleSeverity.Warning,
        Source = "learn.microsoft.com: Enable memory integrity (registry values Mandatory, Locked, "
            + "HypervisorEnforcedCodeIntegrity\\Enabled); Deploy WDAC policies using Group Policy; Use multiple policies; Inbox policies",
        Summary = $@"{Key}: Mandatory; {Key}\{Hvci}: Enabled; SOFTWARE\{PolicyKey}: HypervisorEnforcedCodeIntegrity, "
            + @"DeployConfigCIPolicy; System32\CodeIntegrity: SIPolicy.p7b, CiPolicies\Active\*.cip, and those of the EFI system "
            + $@"partition; {Lsa}: LsaCfgFlags. --disable-vbs: Mandatory, "
            + @"EnableVirtualizationBasedSecurity, Enabled of every scenario and LsaCfgFlags become 0.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (context.Request.DisableVbs && Switches(context).ToList() is { Count: > 0 } on)
        {
            return Finding.Broken($"Virtualization-based security is on: {on[0].Key.Path}\\{on[0].Value}={on[0].Number}.",
                string.Join("; ", on.Select(s => $"{s.Key.Path}\\{s.Value}={s.Number}")), "0");
        }

        foreach (var set in context.Windows.BootControlSets)
        {
            if (set.Find(Key)?.GetDword("Mandatory") is not (null or 0))
            {
                return Finding.Failed(
                    $@"{set.Name}\{Key}\Mandatory=1: Windows does not start where virtualization-based security cannot run, as on a host "
                        + @"without nested virtualization.",
                    $@"{OfflineCommands.SetDword($@"SYSTEM\CurrentControlSet\{Key}", "Mandatory", 0)}, or remove the policy in the "
                        + @"source machine.", "1", "0");
            }

            if (set.Find($@"{Key}\{Hvci}")?.GetDword("Enabled") is not (null or 0)
                || context.Windows.Software.Root.Find(PolicyKey)?.GetDword("HypervisorEnforcedCodeIntegrity") is not (null or 0))
            {
                return Finding.Failed(
                    $@"{set.Name}\{Key}\{Hvci}: memory integrity (HVCI) is on. Where it runs, Windows loads only drivers that were made "
                        + @"for it.",
                    "Use drivers that are signed by Microsoft for Windows 10 and later, or switch memory integrity off in the source "
                        + "machine (Windows Security, Core isolation).");
            }
        }

        if (Switches(context).FirstOrDefault() is { Value: "LsaCfgFlags" or "EnableVirtualizationBasedSecurity" } found)
        {
            var locked = found is { Value: "LsaCfgFlags", Number: 1 }
                ? " It is locked in the firmware of the old machine; a machine that gets the same firmware variables keeps it."
                : "";
            return Finding.Failed(
                $"{found.Key.Path}\\{found.Value}={found.Number}: virtualization-based security starts where the host nests "
                    + $"virtualization, and has stopped the start of moved machines where it does not.{locked}",
                "If the machine does not start on the target: `offlinepatch fix --disable-vbs`.", $"{found.Number}", "0") with
            { Severity = RuleSeverity.Info };
        }

        if (SinglePolicy(context) is { } policy)
        {
            return Finding.Failed(
                $"{policy}: a code integrity policy (WDAC) says which drivers Windows loads; whether those of the target are among them "
                    + "is not known.",
                TakeBack, policy);
        }

        var policies = CodeIntegrityPolicies.Find(context);
        if (policies.Where(p => p.Inbox is null).ToList() is { Count: > 0 } foreign)
        {
            var old = context.Windows.Facts.Build is > 0 and < CodeIntegrityPolicies.FirstBuild;
            return Finding.Failed(
                $"{foreign[0].Path}: a code integrity policy (WDAC) that does not come with Windows"
                    + (foreign.Count > 1 ? $", and {foreign.Count - 1} more" : "")
                    + (old ? ". This Windows reads SIPolicy.p7b only; one after an upgrade reads this too."
                        : ". It says which drivers Windows loads; whether those of the target are among them is not known."),
                TakeBack, string.Join("; ", foreign.Select(p => p.Path))) with
            { Severity = old ? RuleSeverity.Info : null };
        }

        return Finding.Ok("Virtualization-based security is not mandatory, memory integrity is off, and there is no code integrity policy "
            + (policies.Count == 0 ? "(WDAC)."
                : $"(WDAC) but Windows' own: {string.Join(", ", policies.Select(p => p.Inbox).Distinct())}."))
            with
        {
            Remarks = [.. policies.Where(CodeIntegrityPolicies.StopsCrossSigned).Take(1).Select(p =>
                $"{p.Path}: with this policy Windows loads a kernel driver that is not signed by Microsoft only where the policy names "
                    + "it.")],
        };
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        foreach (var (key, value, _) in Switches(context).ToList())
        {
            key.SetDword(value, 0);
        }
    }

    /// <summary>The values that switch virtualization-based security on.</summary>
    private static IEnumerable<(GuestKey Key, string Value, uint Number)> Switches(RuleContext context)
    {
        var places =
            from set in context.Windows.BootControlSets
            let guard = set.Find(Key)
            from place in (IEnumerable<(GuestKey? Key, string Value)>)
            [
                (set.Find(Lsa), "LsaCfgFlags"), (guard, "EnableVirtualizationBasedSecurity"), (guard, "Mandatory"),
                .. (guard?.Find("Scenarios")?.SubKeys ?? []).Select(s => ((GuestKey?)s, "Enabled")),
            ]
            select place;
        foreach (var (key, value) in places)
        {
            if (key?.GetDword(value) is { } number and not 0)
            {
                yield return (key, value, number);
            }
        }
    }

    /// <summary>A policy in the single policy format, which only an administrator deploys under this name.</summary>
    private static string? SinglePolicy(RuleContext context)
    {
        var file = context.Windows.PathOf(@"System32\CodeIntegrity\SIPolicy.p7b");
        return context.Windows.Software.Root.Find(PolicyKey)?.GetDword("DeployConfigCIPolicy") is not (null or 0)
            ? $@"SOFTWARE\{PolicyKey}\DeployConfigCIPolicy=1"
            : context.Windows.Volume.RequireFiles().FileExists(file) ? context.Windows.GuestPath(file)
            : context.Boot.Esp is { Files: { } esp } volume && esp.FileExists(SignedPolicy) ? $@"partition {volume.Number}:\{SignedPolicy}"
            : null;
    }
}
