using System.Globalization;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.FirstStart;

/// <summary>
/// A startup script in the local group policy: <c>scripts.ini</c> and <c>gpt.ini</c> below <c>System32\GroupPolicy</c>, and the state that
/// Windows makes of them in SOFTWARE, so that the script runs at the first start. Next to the runner are the files as they will be
/// when it has ended. Source: [MS-GPSCR] 2.2.2 (scripts.ini), [MS-GPOL] 2.2.4 (gpt.ini), chocolatey/boxstarter <c>startupScript.reg</c>,
/// which was used on offline disks.
/// </summary>
internal sealed class StartupScriptPolicy(WindowsSystem windows)
{
    private const string ScriptsFile = @"System32\GroupPolicy\Machine\Scripts\scripts.ini";
    private const string PolicyFile = @"System32\GroupPolicy\gpt.ini";
    private const string Extension = "[{42B5FAAE-6536-11D2-AE5A-0000F87571E3}{40B6664F-4972-11D1-A7CA-0000F87571E3}]";
    private const string ExtensionNames = "gPCMachineExtensionNames";
    private const string Runner = @"%SystemRoot%\Setup\OfflinePatch\run.cmd";
    private const string GroupPolicy = @"Microsoft\Windows\CurrentVersion\Group Policy";
    private const int MaxFile = 256 * 1024;
    private static readonly string[] StateKeys = [$@"{GroupPolicy}\State\Machine\Scripts\Startup", $@"{GroupPolicy}\Scripts\Startup"];

    /// <summary>Why the script cannot be set: nothing of the owner's is sorted in between; null when it can.</summary>
    public string? Problem =>
        !IsSet && ReadScripts().Contains("[Startup]", StringComparison.OrdinalIgnoreCase)
            ? $"{windows.GuestPath(windows.PathOf(ScriptsFile))} has startup scripts already"
            : null;

    /// <summary>Whether the script is set.</summary>
    public bool IsSet => ReadScripts().Contains("0CmdLine=" + Runner, StringComparison.OrdinalIgnoreCase);

    /// <summary>Sets the script.</summary>
    /// <param name="folder">Where the runner finds the files as they are to be afterwards.</param>
    public void Set(string folder)
    {
        if (IsSet)
        {
            return;
        }

        var files = windows.Files;
        var scripts = ReadScripts();
        var policy = ReadPolicy();
        files.CreateDirectory(folder);
        if (scripts.Length > 0)
        {
            files.WriteFile(FilePath.Join(folder, "scripts.ini"), Encode(scripts));
        }

        files.WriteFile(FilePath.Join(folder, "gpt.ini"), Encoding.Latin1.GetBytes(Edit(policy, add: false, step: 2)));
        files.CreateDirectory(FilePath.ParentOf(windows.PathOf(ScriptsFile)));
        files.WriteFile(windows.PathOf(ScriptsFile),
            Encode(
                $"{scripts}{(scripts.Length == 0 || scripts.EndsWith('\n') ? "" : "\r\n")}"
                    + $"[Startup]\r\n0CmdLine={Runner}\r\n0Parameters=\r\n"));
        files.WriteFile(windows.PathOf(PolicyFile), Encoding.Latin1.GetBytes(Edit(policy, add: true, step: 1)));

        // Where a domain has startup scripts, Windows numbers them itself when it reads the files.
        if (StateKeys.Any(k => windows.Software.Root.Find(k)?.SubKeys.Any() ?? false))
        {
            return;
        }

        files.WriteFile(FilePath.Join(folder, "registry"), "state written\r\n"u8);
        foreach (var path in StateKeys)
        {
            var source = windows.Software.Root.Create(path + @"\0");
            source.SetString("GPO-ID", "LocalGPO");
            source.SetString("SOM-ID", "Local");
            source.SetString("FileSysPath", @"%SystemRoot%\System32\GroupPolicy\Machine");
            source.SetString("DisplayName", "Local Group Policy");
            source.SetString("GPOName", "Local Group Policy");
            source.SetDword("PSScriptOrder", 1);
            var script = windows.Software.Root.Create(path + @"\0\0");
            script.SetString("Script", Runner);
            script.SetString("Parameters", "");
            script.SetDword("IsPowershell", 0);
            script.SetValue("ExecTime", RegistryValueType.Qword, new byte[16]); // a SYSTEMTIME under this type, as Windows has it
        }
    }

    /// <summary>
    /// The policy's file with a higher version, and with the extension that reads scripts; its list is sorted by GUID. The lower 16 bits of
    /// the version count the machine's part.
    /// </summary>
    private static string Edit(string text, bool add, int step)
    {
        var lines = text.Split('\n').Select(l => l.TrimEnd('\r')).Where(l => l.Length > 0).ToList();
        if (!lines.Exists(l => l.Trim().Equals("[General]", StringComparison.OrdinalIgnoreCase)))
        {
            lines.Insert(0, "[General]");
        }

        var version = uint.TryParse(ValueOf(lines, "Version"), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;
        Put(lines, "Version", ((version & 0xFFFF0000) | ((version + (uint)step) & 0xFFFF)).ToString(CultureInfo.InvariantCulture));
        var names = ValueOf(lines, ExtensionNames) ?? "";
        if (add && !names.Contains(Extension[1..39], StringComparison.OrdinalIgnoreCase))
        {
            var groups = names.Split(']', StringSplitOptions.RemoveEmptyEntries).Select(g => g + "]").Append(Extension)
                .Order(StringComparer.OrdinalIgnoreCase);
            Put(lines, ExtensionNames, string.Concat(groups));
        }

        return string.Join("\r\n", lines) + "\r\n";
    }

    private static string? ValueOf(List<string> lines, string name) =>
        lines.Find(l => l.StartsWith(name + "=", StringComparison.OrdinalIgnoreCase)) is { } line ? line[(name.Length + 1)..].Trim() : null;

    private static void Put(List<string> lines, string name, string value)
    {
        var at = lines.FindIndex(l => l.StartsWith(name + "=", StringComparison.OrdinalIgnoreCase));
        if (at >= 0)
        {
            lines[at] = $"{name}={value}";
        }
        else
        {
            lines.Insert(lines.FindIndex(l => l.Trim().Equals("[General]", StringComparison.OrdinalIgnoreCase)) + 1, $"{name}={value}");
        }
    }

    private static byte[] Encode(string text) => [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(text)];

    private string ReadScripts()
    {
        var path = windows.PathOf(ScriptsFile);
        var files = windows.Volume.RequireFiles();
        var bytes = files.FileExists(path) ? files.ReadFile(path, MaxFile) : [];
        return bytes is [0xFF, 0xFE, ..] ? Encoding.Unicode.GetString(bytes.AsSpan(2)) : Encoding.Latin1.GetString(bytes);
    }

    private string ReadPolicy()
    {
        var path = windows.PathOf(PolicyFile);
        var files = windows.Volume.RequireFiles();
        return files.FileExists(path) ? Encoding.Latin1.GetString(files.ReadFile(path, MaxFile)) : "";
    }
}
