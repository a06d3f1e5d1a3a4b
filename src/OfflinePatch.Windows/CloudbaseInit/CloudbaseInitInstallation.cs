using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.CloudbaseInit;

/// <summary>A Cloudbase-Init that is in the image already, by its service.</summary>
public sealed record CloudbaseInitInstallation
{
    /// <summary>Its directory on the Windows volume, or null when the service names a program elsewhere.</summary>
    public string? Directory { get; init; }

    /// <summary>What the directory of the service program is called: <c>Bin</c>.</summary>
    public string BinName { get; init; } = "Bin";

    /// <summary>Its configuration file on the Windows volume.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>The service's command line.</summary>
    public string ImagePath { get; init; } = "";

    /// <summary>The account that the service runs under.</summary>
    public string? Account { get; init; }

    /// <summary>The version: from its Python packages, else from the list of installed programs; null when neither says it.</summary>
    public string? Version { get; init; }

    /// <summary>Files that the service needs and that are not there, by their path on the volume.</summary>
    public IReadOnlyList<string> MissingFiles { get; init; } = [];

    /// <summary>Control sets that a boot can use and where the service is missing or does not start by itself.</summary>
    public IReadOnlyList<ControlSet> WrongControlSets { get; init; } = [];

    /// <summary>Keys that hold what the agent did on the machine that the image was taken from.</summary>
    public IReadOnlyList<GuestKey> PluginStates { get; init; } = [];

    /// <summary>Finds the installation of a Windows; null when no control set that a boot can use has the service.</summary>
    public static CloudbaseInitInstallation? Find(WindowsSystem windows)
    {
        var service = windows.BootControlSets.Select(s => s.Service(CloudbaseInitPlan.ServiceName)).FirstOrDefault(s => s is not null);
        if (service is null)
        {
            return null;
        }

        var files = windows.Volume.RequireFiles();
        var imagePath = service.GetString("ImagePath") ?? "";
        var program = ServiceImage.Resolve(windows, imagePath);
        var directory = program is not null && FilePath.Split(program).Length > 2 ? FilePath.ParentOf(FilePath.ParentOf(program)) : null;
        var config = ConfigOf(windows, imagePath)
            ?? (directory is null ? null : FilePath.Join(directory, CloudbaseInitLayout.Configuration));
        var needed = new List<string>();
        if (directory is not null)
        {
            needed.Add(program!);
            needed.AddRange(CloudbaseInitLayout.RequiredFiles.Select(f => FilePath.Join(directory, f)));
        }

        return new CloudbaseInitInstallation
        {
            Directory = directory,
            BinName = program is null ? "Bin" : FilePath.NameOf(FilePath.ParentOf(program)),
            ConfigPath = config,
            ImagePath = imagePath,
            Account = service.GetString("ObjectName"),
            Version = (directory is null ? null : CloudbaseInitLayout.FindVersion(files, directory)) ?? InstalledVersion(windows),
            MissingFiles = [.. needed.Where(f => files.Find(f) is not { IsDirectory: false, Length: > 0 })],
            WrongControlSets = [.. windows.BootControlSets.Where(s => s.Service(CloudbaseInitPlan.ServiceName)?.GetDword("Start") != 2)],
            PluginStates = [.. FindStates(windows)],
        };
    }

    private static string? ConfigOf(WindowsSystem windows, string imagePath)
    {
        const string Option = "--config-file";
        var at = imagePath.IndexOf(Option, StringComparison.OrdinalIgnoreCase);
        if (at < 0)
        {
            return null;
        }

        var rest = imagePath[(at + Option.Length)..].TrimStart(' ', '=');
        return rest.Length == 0 ? null : ServiceImage.Resolve(windows, rest[0] == '"' ? rest : $"\"{rest.Split(' ')[0]}\"");
    }

    private static string? InstalledVersion(WindowsSystem windows)
    {
        foreach (var path in new[] { @"Microsoft\Windows\CurrentVersion\Uninstall",
            @"WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall" })
        {
            foreach (var key in windows.Software.Root.Find(path)?.SubKeys ?? [])
            {
                if (key.GetString("DisplayName")?.StartsWith("Cloudbase-Init", StringComparison.OrdinalIgnoreCase) ?? false)
                {
                    return key.GetString("DisplayVersion");
                }
            }
        }

        return null;
    }

    /// <summary>
    /// SOFTWARE\Cloudbase Solutions\Cloudbase-Init\(instance)\Plugins: 1 done, 2 to do at the next start (boot-network-accounts.md §7.2).
    /// </summary>
    private static IEnumerable<GuestKey> FindStates(WindowsSystem windows)
    {
        foreach (var path in new[] { @"Cloudbase Solutions\Cloudbase-Init", @"WOW6432Node\Cloudbase Solutions\Cloudbase-Init" })
        {
            if (windows.Software.Root.Find(path) is not { } agent)
            {
                continue;
            }

            foreach (var key in agent.SubKeys.Append(agent))
            {
                if (key.Find("Plugins") is not null)
                {
                    yield return key;
                }
            }
        }
    }
}
