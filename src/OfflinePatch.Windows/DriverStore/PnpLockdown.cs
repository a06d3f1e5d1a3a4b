using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// <c>SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\PnpLockdownFiles</c>: which files in the Windows directory came from which package
/// (drivers.md §3.7).
/// </summary>
internal static class PnpLockdown
{
    public const string Key = @"Microsoft\Windows\CurrentVersion\Setup\PnpLockdownFiles";

    /// <summary>The name of a file's key: <c>%SystemRoot%/System32/drivers/viostor.sys</c>, as it is, with slashes.</summary>
    public static string NameOf(WindowsSystem system, string volumePath) =>
        "%SystemRoot%/" + volumePath[(system.SystemRoot.Length + 1)..].Replace('\\', '/');

    /// <summary>
    /// Whether Windows records a file: one in the Windows directory that is not in the package's own directory (System32 and
    /// SysWOW64 alike).
    /// </summary>
    public static bool Covers(WindowsSystem system, int directoryId, string volumePath) =>
        directoryId != 13 && volumePath.StartsWith(system.SystemRoot + "\\", StringComparison.OrdinalIgnoreCase);

    /// <summary>The path on the volume that a key's name stands for, or null for one that is not below the Windows directory.</summary>
    public static string? PathOf(WindowsSystem system, string name) =>
        name.StartsWith("%SystemRoot%/", StringComparison.OrdinalIgnoreCase)
            ? system.PathOf(name["%SystemRoot%/".Length..].Replace('/', '\\'))
            : null;

    public static void Add(StagingPlan plan, string volumePath, string source)
    {
        var key = plan.System.Software.Root.Create($@"{Key}\{NameOf(plan.System, volumePath)}");
        key.EnsureDword("Class", plan.Package.Inf.Version.PnpLockdown ? 4u : 5u);
        key.AddString("Owners", plan.Names.Published, first: true);
        if (plan.IsNew || !key.HasValue("Source"))
        {
            key.SetExpandString("Source", $@"%SystemRoot%\{FileRepository.Folder}\{plan.Names.Package}\{source}");
        }
    }
}
