using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// <c>SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\PnpLockdownFiles</c>: which files in the Windows directory came from which package (drivers.md §3.7).
/// </summary>
internal static class PnpLockdown
{
    public const string Key = @"Microsoft\Windows\CurrentVersion\Setup\PnpLockdownFiles";

    /// <summary>The name of a file's key: <c>%SystemRoot%/System32/drivers/viostor.sys</c>, as it is, with slashes.</summary>
    public static string NameOf(WindowsSystem system, string volumePath) =>
        "%SystemRoot%/" + volumePath[(system.SystemRoot.Length + 1)..].Replace('\\', '/');

    public static void Add(StagingPlan plan, string volumePath, string source)
    {
        var key = plan.System.Software.Root.Create($@"{Key}\{NameOf(plan.System, volumePath)}");
        key.EnsureDword("Class", plan.Package.Inf.Version.PnpLockdown ? 4u : 5u);
        key.AddString("Owners", plan.Names.Published, first: true);
        if (plan.IsNew || !key.HasValue("Source"))
        {
            key.SetExpandString("Source", $@"%SystemRoot%\System32\DriverStore\FileRepository\{plan.Names.Package}\{source}");
        }
    }
}
