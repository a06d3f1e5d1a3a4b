using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.FirstStart;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Rules.Agent;

/// <summary>
/// How the agent starts in a generalised image: not before Windows has ended its setup, because a restart in the middle of it breaks the
/// setup. The agent's own installer leaves the service on demand and starts it from SetupComplete.cmd (cloudbase-init-installer,
/// SetSetupComplete.cmd).
/// </summary>
internal static class SetupPhase
{
    /// <summary>SERVICE_DEMAND_START.</summary>
    public const uint OnDemand = 3;

    /// <summary>ImageState of an image that was generalised for its next start.</summary>
    internal const string Generalized = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE";

    private const string Complete = "IMAGE_STATE_COMPLETE";
    private const string Command = "sc config cloudbase-init start= auto && net start cloudbase-init";

    /// <summary>Values of SYSTEM\Setup that are not zero while a setup runs.</summary>
    internal static IReadOnlyList<string> BusyValues { get; } = ["SystemSetupInProgress", "SetupType", "OOBEInProgress"];

    /// <summary>
    /// Whether the next start continues a setup (specialize, OOBE, audit mode, an upgrade), so that services start in the middle of it.
    /// </summary>
    public static bool IsAhead(WindowsSystem windows) =>
        windows.Software.Root.Find(@"Microsoft\Windows\CurrentVersion\Setup\State")?.GetString("ImageState") is not (null or Complete)
        || BusyValues.Any(v => windows.System.Root.Find("Setup")?.GetDword(v) is not (null or 0));

    /// <summary>Whether neither the service's own start nor the end of the setup starts the agent.</summary>
    public static bool IsAgentLeftOut(WindowsSystem windows)
    {
        var script = SetupComplete.Read(windows);
        return windows.BootControlSets.Any(s => s.Service(CloudbaseInitPlan.ServiceName)?.GetDword("Start") switch
        {
            2 => false,
            ServiceImage.Disabled => !Configures(script),
            _ => !Starts(script),
        });
    }

    /// <summary>
    /// Evidence that Windows does not run the script that is to start the agent at the end of the setup; null without any, or where
    /// the agent does not need it.
    /// </summary>
    public static string? WhyNotStarted(WindowsSystem windows) =>
        IsAhead(windows) && windows.BootControlSets.Any(s => s.Service(CloudbaseInitPlan.ServiceName)?.GetDword("Start") is not 2)
            ? SetupComplete.WhyIgnored(windows, out _)
            : null;

    /// <summary>Lets the end of the setup start the agent; lines that are in the script stay.</summary>
    public static void StartAgentAfterSetup(WindowsSystem windows)
    {
        foreach (var set in windows.BootControlSets)
        {
            if (set.Service(CloudbaseInitPlan.ServiceName) is { } service && service.GetDword("Start") == ServiceImage.Disabled)
            {
                service.SetDword("Start", OnDemand);
            }
        }

        if (!Configures(SetupComplete.Read(windows)))
        {
            SetupComplete.Append(windows, Command);
        }
    }

    /// <summary>Whether a line of the script that is no comment sets the service to automatic.</summary>
    private static bool Configures(string script) =>
        Lines(script)
            .Any(l => l.Contains("start=", StringComparison.OrdinalIgnoreCase)
                || l.Contains("Set-Service", StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a line of the script that is no comment names the service: a service on demand can be started as it is.</summary>
    private static bool Starts(string script) => Lines(script).Any();

    private static IEnumerable<string> Lines(string script) =>
        script.Split('\n').Select(l => l.Trim(' ', '\t', '\r', '@'))
            .Where(l => l.Contains(CloudbaseInitPlan.ServiceName, StringComparison.OrdinalIgnoreCase)
            && !l.StartsWith("rem ", StringComparison.OrdinalIgnoreCase) && !l.StartsWith("::", StringComparison.Ordinal)
                && !l.StartsWith("echo ", StringComparison.OrdinalIgnoreCase));
}
