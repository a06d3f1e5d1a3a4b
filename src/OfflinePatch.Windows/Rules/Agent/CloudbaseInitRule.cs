using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.FirstStart;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules.Start;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Agent;

/// <summary>
/// <c>agent.cloudbase-init</c>: Cloudbase-Init is installed, starts by itself, and is configured as the target wants (images-and-cloud.md
/// §1.7, boot-network-accounts.md §7). An existing installation is corrected, never duplicated.
/// </summary>
internal sealed class CloudbaseInitRule() : Rule(Description)
{
    private const string GetIt = "Fetch the portable .zip or the .msi from https://cloudbase.it/cloudbase-init/, and run `offlinepatch "
        + "fix` with --cloudbase-init PATH.";

    private const int FirstBuildWithX64OnArm = 22000; // Windows 11 brought the emulation of x64

    private static readonly RuleContract Description = new(CloudbaseInitSettings.RuleId)
    {
        Title = "Cloudbase-Init is installed and configured for the target",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS, OTC: installing and configuring Cloudbase-Init",
        Summary = @"\Cloudbase-Init from --cloudbase-init; Services\cloudbase-init (automatic, LocalSystem) in the control sets that a "
            + @"boot uses; conf\cloudbase-init.conf; SOFTWARE\Cloudbase Solutions\Cloudbase-Init\*\Plugins is cleared.",
        CanFix = true,
        Parameters = [CloudbaseInitSettings.Version, CloudbaseInitSettings.Settings],
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var package = context.Sources.CloudbaseInit;
        var found = CloudbaseInitInstallation.Find(context.Windows);
        if (package is not null && package.Architecture == ProcessorArchitecture.Amd64 && CannotRunX64(context.Windows.Facts))
        {
            return Finding.Failed($"The Cloudbase-Init package is for x64, which this Windows ({context.Windows.Facts.ArchitectureText}) "
                + "does not run.", "Name the x86 package with --cloudbase-init.");
        }

        return Judge(context, package, found) with { Remarks = Remarks(context, package, found) };
    }

    private static Finding Judge(RuleContext context, CloudbaseInitPackage? package, CloudbaseInitInstallation? found)
    {
        if (found is null || found.MissingFiles.Count > 0 || found.Directory is null)
        {
            return Incomplete(context, package, found);
        }

        return FindUnreadable(context, found) ?? FindBroken(context, package, found) ?? FindFailed(context, found)
            ?? AgentSurroundings.Judge(context, found, Effective(context, found))
            ?? Finding.Ok(Describe(found) + " is installed and configured.");
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        var windows = context.Windows;
        var package = context.Sources.CloudbaseInit;
        var found = CloudbaseInitInstallation.Find(windows);
        if (package is not null
            && (found is null || found.MissingFiles.Count > 0 || found.Directory is null || Differing(context, package, found).Count > 0))
        {
            Install(context,
                CloudbaseInitPlan.Create(package, Settings(context), windows.DriveLetter,
                    found?.Directory ?? CloudbaseInitPlan.DefaultDirectory), found);
            found = CloudbaseInitInstallation.Find(windows);
        }

        if (found is null)
        {
            return;
        }

        if (SetupPhase.IsAhead(windows))
        {
            if (SetupPhase.IsAgentLeftOut(windows))
            {
                SetupPhase.StartAgentAfterSetup(windows);
            }
        }
        else
        {
            foreach (var set in found.WrongControlSets)
            {
                CopyService(windows, set);
            }
        }

        AgentSurroundings.EnableDependencies(windows);

        foreach (var key in found.PluginStates)
        {
            key.DeleteSubKeyTree("Plugins");
        }

        if (found.ConfigPath is { } path && Configure(context, path) is { MustBeWritten: true, Mistakes.Count: 0 } config)
        {
            windows.Files.CreateDirectory(FilePath.ParentOf(path));
            windows.Files.WriteFile(path, config.ToArray());
        }
    }

    private static Finding Incomplete(RuleContext context, CloudbaseInitPackage? package, CloudbaseInitInstallation? found)
    {
        var lack = found is null
            ? @"Cloudbase-Init is not installed: there is no Services\cloudbase-init."
            : found.Directory is null
                ? $"Services\\cloudbase-init names a program that is not on the Windows volume: {found.ImagePath}"
                : $"Cloudbase-Init is incomplete: {context.Windows.GuestPath(found.MissingFiles[0])} is missing.";
        return package is null
            ? Finding.Failed(lack, GetIt)
            : Finding.Broken(lack, found is null ? "not installed" : "incomplete",
                $"Cloudbase-Init {package.Version ?? "of unknown version"} in "
                    + $"{context.Windows.GuestPath(found?.Directory ?? CloudbaseInitPlan.DefaultDirectory)}, {package.Files.Count} files");
    }

    private static Finding? FindBroken(RuleContext context, CloudbaseInitPackage? package, CloudbaseInitInstallation found)
    {
        if (package is not null && Differing(context, package, found) is { Count: > 0 } differing)
        {
            return Finding.Broken($"{differing.Count} files of {Describe(found)} are not those of the package: "
                + $"{context.Windows.GuestPath(differing[0])}", "changed or missing", "as in the package");
        }

        if (SetupPhase.IsAhead(context.Windows))
        {
            if (SetupPhase.IsAgentLeftOut(context.Windows))
            {
                return Finding.Broken(
                    @"This Windows continues its setup at the next start, and nothing starts Services\cloudbase-init when that has "
                        + @"ended.", "not started", $@"on demand, started by {SetupComplete.Path} at the end of the setup");
            }
        }
        else if (found.WrongControlSets.Count > 0)
        {
            return Finding.Broken(@"Services\cloudbase-init does not start by itself.",
                string.Join("; ",
                    found.WrongControlSets.Select(
                        s => $"{s.Name}: {ServiceImage.StartText(s.Service(CloudbaseInitPlan.ServiceName)?.GetDword("Start"))}")), "auto");
        }

        if (found.ConfigPath is { } path && Configure(context, path) is { MustBeWritten: true })
        {
            var now = Read(context, path);
            var wrong = Settings(context)
                .Where(s => now.Get(s.Section, s.Key) is var value && (value is null || (value != s.Value && s.IsRequired))).ToList();
            return wrong.Count == 0
                ? Finding.Broken($"{context.Windows.GuestPath(path)} is in an encoding that the agent does not read, begins with a byte "
                    + "order mark, or assigns an option twice.")
                : Finding.Broken($"{context.Windows.GuestPath(path)} is not as the target requires: "
                    + $"{string.Join(", ", wrong.Select(s => s.Key))}.",
                    string.Join("; ", wrong.Select(s => $"{s.Key}={now.Get(s.Section, s.Key) ?? "(absent)"}")),
                    string.Join("; ", wrong.Select(s => $"{s.Key}={s.Value}")));
        }

        return found.PluginStates.Count > 0
            ? Finding.Broken($"{found.PluginStates[0].Path}\\Plugins says that the agent has done its work already: on a machine made "
                + "from this image it would do nothing.", "present", "deleted")
            : null;
    }

    /// <summary>A file that the agent cannot read, even as a fix would leave it, is not touched.</summary>
    private static Finding? FindUnreadable(RuleContext context, CloudbaseInitInstallation found) =>
        found.ConfigPath is { } path && Configure(context, path).Mistakes is { Count: > 0 } mistakes
            ? Finding.Failed($"{context.Windows.GuestPath(path)} cannot be read by the agent, and is not changed: {mistakes[0]}.",
                "Correct the line in the source machine, or save the file as UTF-8 there.")
            : null;

    private static Finding? FindFailed(RuleContext context, CloudbaseInitInstallation found)
    {
        var files = context.Windows.Volume.RequireFiles();
        if (CloudbaseInitLayout.NeedsUniversalRuntime(name => files.FileExists(FilePath.Join(found.Directory!, name)))
            && !files.FileExists(context.Windows.PathOf(@"System32\ucrtbase.dll")))
        {
            return Finding.Failed($"{Describe(found)} is installed, but cannot start: "
                + $"{context.Windows.GuestPath(context.Windows.PathOf(@"System32\ucrtbase.dll"))} is missing.",
                "Install the Universal C Runtime (KB2999226) in the source machine, or name a package that brings it.");
        }

        if (SetupPhase.WhyNotStarted(context.Windows) is { } evidence)
        {
            return Finding.Failed(
                $@"{Describe(found)} is installed, but nothing starts it at the end of the setup: {StartScriptsRule.Ignored(evidence)}.",
                StartScriptsRule.Instead, evidence) with
            { Severity = RuleSeverity.Warning };
        }

        var wanted = CloudbaseInitSettings.VersionFor(context.Profile);
        return wanted is not null && found.Version is not null && !SameVersion(found.Version, wanted)
            ? Finding.Failed($"{Describe(found)} is installed; the target requires version {wanted}.",
                $"Uninstall it in the source machine, then run `offlinepatch fix` with --cloudbase-init of version {wanted}.",
                found.Version, wanted)
            : null;
    }

    private static void Install(RuleContext context, CloudbaseInitPlan plan, CloudbaseInitInstallation? found)
    {
        var windows = context.Windows;
        CreateProtected(windows.Files, plan.Directory);
        foreach (var directory in plan.Directories)
        {
            windows.Files.CreateDirectory(directory);
        }

        foreach (var file in plan.Files)
        {
            if (!context.Windows.Files.HasContentOf(file.Destination, context.Sources.CloudbaseInitTree!, file.Source))
            {
                using var content = context.Sources.CloudbaseInitTree!.OpenRead(file.Source);
                windows.Files.WriteFile(file.Destination, content, file.Length);
            }
        }

        foreach (var (path, text) in new[]
            {
                (CloudbaseInitLayout.Configuration, AnsiCodePage.GetBytes(windows, plan.ConfText)),
                (CloudbaseInitLayout.UnattendConfiguration, AnsiCodePage.GetBytes(windows, plan.UnattendConfText)),
                (CloudbaseInitLayout.Unattend, Encoding.UTF8.GetBytes(plan.UnattendXml)),
            })
        {
            var destination = FilePath.Join(plan.Directory, path);
            if (!windows.Files.FileExists(destination))
            {
                windows.Files.WriteFile(destination, text);
            }
        }

        if (SetupPhase.IsAhead(windows) && found is null)
        {
            foreach (var set in windows.BootControlSets)
            {
                set.Key.Create(@"Services\" + CloudbaseInitPlan.ServiceName).SetDword("Start", SetupPhase.OnDemand);
            }

            SetupPhase.StartAgentAfterSetup(windows);
        }

        // An existing service keeps everything except the location of its program (boot-network-accounts.md §7.2, step 4).
        string[] replaced = ["ImagePath", "ObjectName", "Start"];
        foreach (var set in windows.BootControlSets)
        {
            var service = set.Key.Create(@"Services\" + CloudbaseInitPlan.ServiceName);
            foreach (var value in plan.ServiceValues
                .Where(v => !(v.Name == "Start" && SetupPhase.IsAhead(windows) && service.HasValue("Start")))
                .Where(v => found is null || replaced.Contains(v.Name, StringComparer.Ordinal) || !service.HasValue(v.Name)))
            {
                service.SetValue(value.Name, value.Type, value.Bytes);
            }
        }
    }

    /// <summary>
    /// Creates the directory as one that only administrators may write to, because LocalSystem runs what is in it. In the root of a volume
    /// every user may (the default of C:\); below Program Files nobody else may, and a directory that is moved keeps its security.
    /// </summary>
    private static void CreateProtected(IWritableFileSystem files, string directory)
    {
        const string Nursery = @"Program Files\Cloudbase-Init.offlinepatch";
        if (FilePath.Split(directory).Length == 1 && !files.DirectoryExists(directory) && files.DirectoryExists("Program Files")
            && files.Find(Nursery) is null)
        {
            files.CreateDirectory(Nursery);
            files.Move(Nursery, directory);
        }
    }

    /// <summary>Gives a control set the service as another one has it, started automatically.</summary>
    private static void CopyService(WindowsSystem windows, ControlSet set)
    {
        var service = set.Key.Create(@"Services\" + CloudbaseInitPlan.ServiceName);
        var model = windows.BootControlSets.Select(s => s.Service(CloudbaseInitPlan.ServiceName))
            .First(s => s?.HasValue("ImagePath") ?? false)!;
        foreach (var value in model.Values.ToList())
        {
            if (!service.HasValue(value.Name))
            {
                service.SetValue(value.Name, value.Type, value.ReadData());
            }
        }

        service.SetDword("Start", 2);
    }

    /// <summary>
    /// Files of our own installation that are missing or have another length. What Python compiles for itself does not count.
    /// </summary>
    private static List<string> Differing(RuleContext context, CloudbaseInitPackage package, CloudbaseInitInstallation found)
    {
        if (!string.Equals(found.Directory, CloudbaseInitPlan.DefaultDirectory, StringComparison.OrdinalIgnoreCase)
            || found.Version != package.Version)
        {
            return [];
        }

        var files = context.Windows.Volume.RequireFiles();
        return
        [
            .. CloudbaseInitPlan.Create(package, [], context.Windows.DriveLetter).Files
                .Where(f => !f.Destination.EndsWith(".pyc", StringComparison.OrdinalIgnoreCase)
                    && files.Find(f.Destination)?.Length != f.Length)
                .Select(f => f.Destination),
        ];
    }

    private static CloudbaseInitConfig Read(RuleContext context, string path)
    {
        var files = context.Windows.Volume.RequireFiles();
        return CloudbaseInitConfig.Parse(files.FileExists(path) ? files.ReadFile(path, 16 * 1024 * 1024) : [],
            AnsiCodePage.Of(context.Windows));
    }

    private static CloudbaseInitConfig Configure(RuleContext context, string path)
    {
        var config = Read(context, path);
        foreach (var setting in Settings(context))
        {
            config.Apply(setting);
        }

        return config;
    }

    private static IReadOnlyList<CloudbaseInitSetting> Settings(RuleContext context) =>
        CloudbaseInitSettings.For(context.Profile, AccountNames.Of(context.Windows));

    /// <summary>The configuration as a fix leaves it.</summary>
    private static CloudbaseInitConfig Effective(RuleContext context, CloudbaseInitInstallation found) =>
        found.ConfigPath is { } path ? Configure(context, path) : CloudbaseInitConfig.Parse([]);

    private static bool CannotRunX64(WindowsFacts facts) =>
        facts.Architecture is ProcessorArchitecture.X86 or ProcessorArchitecture.Arm
            || (facts.Architecture == ProcessorArchitecture.Arm64 && facts.Build < FirstBuildWithX64OnArm);

    private static List<string> Remarks(RuleContext context, CloudbaseInitPackage? package, CloudbaseInitInstallation? found)
    {
        var remarks = new List<string>();
        if (context.Windows.Facts.IsDomainController && (found is not null || package is not null))
        {
            remarks.Add("This is a domain controller: the agent would set the password of the domain's account of the configured name, "
                + "and create that account where it does not exist.");
        }

        if (found is not null && SetupPhase.IsAhead(context.Windows)
            && context.Windows.Current.Service(CloudbaseInitPlan.ServiceName)?.GetDword("Start") == 2)
        {
            remarks.Add("This Windows continues its setup at the next start, and the agent starts with it. Its own installer leaves "
                + "the service on demand until the setup has ended.");
        }

        return remarks;
    }

    private static string Describe(CloudbaseInitInstallation found) =>
        found.Version is null ? "Cloudbase-Init" : $"Cloudbase-Init {found.Version}";

    private static bool SameVersion(string found, string wanted) =>
        found == wanted || found.StartsWith(wanted + ".", StringComparison.Ordinal);
}
