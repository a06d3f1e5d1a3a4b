using OfflinePatch.Core;
using OfflinePatch.Windows.FirstStart;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.GuestAgent;
using OfflinePatch.Windows.Rules.Start;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Agent;

/// <summary><c>agent.qemu-ga</c>: with <c>--guest-agent</c>, the QEMU guest agent is installed and starts by itself.</summary>
internal sealed class QemuGuestAgentRule() : Rule(Description)
{
    private const string Service = "QEMU-GA";
    private const string Folder = @"Program Files\Qemu-ga";
    private const string VssScript = "30-qemu-ga-vss.cmd";

    private static readonly SwitchParameter Wanted = new("wanted", Default: false, "Whether the target uses the QEMU guest agent.");

    private static readonly RuleContract Description = new("agent.qemu-ga")
    {
        Title = "The QEMU guest agent is installed",
        Severity = RuleSeverity.Warning,
        Source = "QEMU qga/installer/qemu-ga.wxs; OpenStack hw_qemu_guest_agent, KubeVirt, Proxmox VE",
        Summary = @"With --guest-agent: \Program Files\Qemu-ga; Services\QEMU-GA (automatic, LocalSystem) in the control sets that a "
            + @"boot uses; the VSS provider is registered by a script at the first start. The driver of the VirtIO serial device is "
            + @"judged by drivers.virtio-other.",
        CanFix = true,
        Parameters = [Wanted],
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var isThere = context.Windows.BootControlSets.Any(s => s.Service(Service) is not null);
        if (context.Sources.GuestAgent is not { } package)
        {
            return Finding.NotApplicable(
                isThere ? $@"Services\{Service} is there; its files are not judged without --guest-agent."
                : context.Profile.Value(Description.Id, Wanted)
                    ? "The QEMU guest agent is not installed; the target can use it. Name its MSI with --guest-agent."
                : "The QEMU guest agent is not installed, and the target does not use it.");
        }

        if (package.Architecture != context.Windows.Facts.Architecture)
        {
            return Finding.Failed($"The guest agent is for {package.Architecture}, but this Windows is for "
                + $"{context.Windows.Facts.ArchitectureText}.", "Name the guest agent for this architecture.");
        }

        if (isThere && !IsOurs(context))
        {
            return Finding.Ok($@"Services\{Service} is there already with another program, and stays as it is; its files are not judged.");
        }

        var queue = Queue(context);
        if (Lacks(context, package, queue).ToList() is { Count: > 0 } lacks)
        {
            return queue.Problem is { } problem && HasProvider(package)
                ? Finding.Failed($"The VSS provider of the guest agent cannot be registered at the first start: {problem}.",
                    "Name --cloudbase-init, whose local scripts run it; or install the MSI on the running machine.")
                : Finding.Broken($"The QEMU guest agent is not installed: {string.Join(", ", lacks)}.", "absent",
                    $"{package.Files.Count} files in {context.Windows.GuestPath(Folder)}, service {Service}");
        }

        return Finding.Ok($"The QEMU guest agent is installed in {context.Windows.GuestPath(Folder)}.") with
        {
            Remarks = HasProvider(package)
            ? ["Its VSS provider is registered once at the first start (qemu-ga -s vss-install).", .. StartScriptsRule.Remarks(queue)]
            : []
        };
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        var package = context.Sources.GuestAgent!;
        var windows = context.Windows;
        windows.Files.CreateDirectory(Folder);
        foreach (var file in package.Files)
        {
            var destination = FilePath.Join(Folder, file.Name);
            var source = FilePath.Join(package.Folder, file.Name);
            if (!windows.Files.HasContentOf(destination, package.Tree, source))
            {
                using var content = package.Tree.OpenRead(source);
                windows.Files.WriteFile(destination, content, file.Length);
            }
        }

        foreach (var set in windows.BootControlSets)
        {
            var service = set.Key.Create(@"Services\" + Service);
            service.SetDword("Type", 0x10);
            service.SetDword("Start", 2);
            service.SetDword("ErrorControl", 0);
            service.SetExpandString("ImagePath", CommandLine(windows));
            service.SetString("DisplayName", "QEMU Guest Agent");
            service.SetString("Description", "QEMU Guest Agent");
            service.SetString("ObjectName", "LocalSystem");
        }

        if (HasProvider(package))
        {
            var queue = Queue(context);
            queue.Add(VssScript, VssText);
            queue.Register();
        }
    }

    private static string VssText => "@echo off\r\n\"%ProgramFiles%\\Qemu-ga\\qemu-ga.exe\" -s vss-install\r\nexit /b %ERRORLEVEL%\r\n";

    private static string CommandLine(WindowsSystem windows) =>
        $"\"{windows.GuestPath(FilePath.Join(Folder, GuestAgentPackage.Program))}\" -d --retry-path";

    private static FirstStartQueue Queue(RuleContext context) => StartScriptsRule.Queue(context);

    private static bool HasProvider(GuestAgentPackage package) =>
        package.Files.Any(f => f.Name.Equals(GuestAgentPackage.Provider, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a service that is there starts the program that a fix puts there.</summary>
    private static bool IsOurs(RuleContext context) => context.Windows.BootControlSets.All(s => s.Service(Service) is not { } service
        || string.Equals(service.GetString("ImagePath"), CommandLine(context.Windows), StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<string> Lacks(RuleContext context, GuestAgentPackage package, FirstStartQueue queue)
    {
        var files = context.Windows.Volume.RequireFiles();
        foreach (var file in package.Files.Where(f =>
            !files.HasContentOf(FilePath.Join(Folder, f.Name), package.Tree, FilePath.Join(package.Folder, f.Name))))
        {
            yield return file.Name;
        }

        foreach (var set in context.Windows.BootControlSets.Where(s => s.Service(Service)?.GetDword("Start") != 2))
        {
            yield return $@"{set.Name}\Services\{Service}";
        }

        if (HasProvider(package) && !queue.HasRun(VssScript) && !(queue.Has(VssScript, VssText) && queue.IsRegistered))
        {
            yield return VssScript;
        }
    }
}
