using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Rules.Agent;

/// <summary>
/// How the agent starts in a generalised image: not before Windows has ended its setup, because a restart in the middle of it breaks the setup. The agent's own installer
/// leaves the service on demand and starts it from SetupComplete.cmd (cloudbase-init-installer, SetSetupComplete.cmd).
/// </summary>
internal static class SetupPhase
{
    /// <summary>SERVICE_DEMAND_START.</summary>
    public const uint OnDemand = 3;

    /// <summary>What Windows runs when its setup has ended, below the Windows directory.</summary>
    public const string Script = @"Setup\Scripts\SetupComplete.cmd";

    private const string Generalized = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE";
    private const string Command = "sc config cloudbase-init start= auto && net start cloudbase-init\r\n";
    private const int MaxScript = 1024 * 1024;

    /// <summary>Whether the next start goes on with the setup (specialize, OOBE).</summary>
    public static bool IsGeneralized(WindowsSystem windows) =>
        windows.Software.Root.Find(@"Microsoft\Windows\CurrentVersion\Setup\State")?.GetString("ImageState") == Generalized;

    /// <summary>Whether neither the service's own start nor the end of the setup starts the agent.</summary>
    public static bool StartsAgentTooEarly(WindowsSystem windows) =>
        windows.BootControlSets.Any(s => s.Service(CloudbaseInitPlan.ServiceName)?.GetDword("Start") is not 2) && !ReadScript(windows).Contains("cloudbase-init", StringComparison.OrdinalIgnoreCase);

    /// <summary>Makes the end of the setup start the agent; lines that are in the script stay.</summary>
    public static void StartAgentAfterSetup(WindowsSystem windows)
    {
        foreach (var set in windows.BootControlSets)
        {
            if (set.Service(CloudbaseInitPlan.ServiceName) is { } service && service.GetDword("Start") == ServiceImage.Disabled)
            {
                service.SetDword("Start", OnDemand);
            }
        }

        var text = ReadScript(windows);
        if (!text.Contains("cloudbase-init", StringComparison.OrdinalIgnoreCase))
        {
            var path = windows.PathOf(Script);
            windows.Files.CreateDirectory(FilePath.ParentOf(path));
            windows.Files.WriteFile(path, Encoding.Latin1.GetBytes(text + (text.Length == 0 || text.EndsWith('\n') ? "" : "\r\n") + Command));
        }
    }

    // Latin-1 keeps every byte of a batch file in whatever code page.
    private static string ReadScript(WindowsSystem windows)
    {
        var files = windows.Volume.RequireFiles();
        var path = windows.PathOf(Script);
        return files.FileExists(path) ? Encoding.Latin1.GetString(files.ReadFile(path, MaxScript)) : "";
    }
}
