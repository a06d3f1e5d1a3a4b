using OfflinePatch.Core.Text;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Rules;

/// <summary>
/// Commands of the program that are the remedy of a finding, for users who have no source machine any more. IMAGE stands for the image; the
/// other words are quoted for the shell.
/// </summary>
internal static class OfflineCommands
{
    /// <summary>Deletes an element of the boot configuration.</summary>
    public static string DeleteBcdElement(string identifier, string name) =>
        $"`offlinepatch bcd IMAGE --delete-value {ShellText.Quote(identifier)} {name}`";

    /// <summary>Sets an element of the boot configuration.</summary>
    public static string SetBcdElement(string identifier, string name, string value) =>
        $"`offlinepatch bcd IMAGE --set {ShellText.Quote(identifier)} {name} {ShellText.Quote(value)}`";

    /// <summary>Sets how a service of the control set that the next start uses starts: 0 boot, 2 automatic, 3 on demand.</summary>
    public static string SetServiceStart(string service, uint start) =>
        SetDword($@"SYSTEM\CurrentControlSet\Services\{service}", "Start", start);

    /// <summary>How to restore a service that others depend on: no command of this program where it is missing.</summary>
    public static string Restore(LostDependency lost) => lost.Fault == DependencyFault.Disabled
        ? $"Enable it: {SetServiceStart(lost.Name, 2)}, or with the value that a healthy machine of this Windows has."
        : $"In the source machine, install {lost.Name} again, or remove it from what {lost.Needs} depends on "
            + $"(`sc config {ShellText.Quote(lost.Needs)} depend= …`); then export it again.";

    /// <summary>Sets a REG_DWORD below HKEY_LOCAL_MACHINE.</summary>
    public static string SetDword(string key, string name, uint value) =>
        $"`offlinepatch reg add IMAGE {ShellText.Quote($@"HKLM\{key}")} /v {ShellText.Quote(name)} /t REG_DWORD /d {value} /f`";
}
