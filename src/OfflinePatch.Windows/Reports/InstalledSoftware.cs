using System.Text.RegularExpressions;
using OfflinePatch.Registry;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Reports;

/// <summary>
/// What is installed in a Windows, from its SOFTWARE hive: programs, updates, server roles. A hive that cannot be read gives nothing.
/// </summary>
internal static partial class InstalledSoftware
{
    private const uint Installed = 112; // CurrentState of a servicing package; 80 is staged, 101 half installed

    /// <summary>Programs, as "Programs and Features" lists them. Source: learn.microsoft.com, Uninstall registry key.</summary>
    public static IReadOnlyList<ProgramReport> Programs(WindowsSystem? windows) =>
    [
        .. ((string[])[@"Microsoft\Windows\CurrentVersion\Uninstall", @"WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"])
            .SelectMany(p => Below(windows, p))
            .Where(k => k.GetDword("SystemComponent") is not 1 && k.GetString("ParentKeyName") is null
                && !string.IsNullOrWhiteSpace(k.GetString("DisplayName")))
            .Select(k => new ProgramReport(k.GetString("DisplayName")!, k.GetString("DisplayVersion"), k.GetString("Publisher")))
            .Distinct().OrderBy(p => p.Name, StringComparer.OrdinalIgnoreCase),
    ];

    /// <summary>
    /// Updates, from the packages of the servicing stack. Source: names of packages,
    /// <c>Package_for_KB5012345~31bf3856ad364e35~amd64~~17763.2746.1.1</c>.
    /// </summary>
    public static IReadOnlyList<string> Hotfixes(WindowsSystem? windows) =>
    [
        .. Below(windows, @"Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages")
            .Where(k => k.GetDword("CurrentState") == Installed)
            .SelectMany(k => UpdateName().Matches(k.Name).Select(m => m.Groups["kb"].Value.ToUpperInvariant())
                .Concat(k.Name.StartsWith("Package_for_RollupFix~", StringComparison.OrdinalIgnoreCase)
                    ? [$"cumulative update {k.Name[(k.Name.LastIndexOf('~') + 1)..]}"]
                    : []))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
    ];

    /// <summary>Roles and features, from the cache of Server Manager.</summary>
    public static IReadOnlyList<string> Roles(WindowsSystem? windows) =>
    [
        .. Below(windows, @"Microsoft\ServerManager\ServicingStorage\ServerComponentCache").Where(k => k.GetDword("InstallState") == 1)
            .Select(k => k.Name).Order(StringComparer.OrdinalIgnoreCase),
    ];

    private static IEnumerable<HiveKey> Below(WindowsSystem? windows, string path) =>
        windows?.Load(HiveName.Software).Hive?.Hive.Find(path)?.SubKeys ?? [];

    [GeneratedRegex("_for_(?<kb>KB[0-9]{5,8})~", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        1000)]
    private static partial Regex UpdateName();
}
