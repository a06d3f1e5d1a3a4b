using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// <c>SOFTWARE\Microsoft\Windows\CurrentVersion\DevicePath</c>: where setup looks for INFs and their files besides <c>Windows\INF</c>.
/// Windows 7 installs from there what cannot be put into its own index (drivers.md §4).
/// </summary>
internal static class DevicePath
{
    /// <summary>Our folder in the Windows directory; each package has its own below.</summary>
    public const string Folder = @"Drivers\OfflinePatch";

    private const string Key = @"Microsoft\Windows\CurrentVersion";
    private const string Value = "DevicePath";

    /// <summary>The folders on the volume that hold packages of ours.</summary>
    public static IEnumerable<string> OwnDirectories(WindowsSystem system)
    {
        var root = system.PathOf(Folder);
        var files = system.Volume.RequireFiles();
        return files.Find(root) is { IsDirectory: true }
            ? [.. files.Enumerate(root).Where(e => e.IsDirectory).Select(e => $"{root}\\{e.Name}")]
            : [];
    }

    /// <summary>Whether a folder of ours is in the list.</summary>
    public static bool Contains(WindowsSystem system, string name) =>
        Entries(system).Contains($@"%SystemRoot%\{Folder}\{name}", StringComparer.OrdinalIgnoreCase);

    /// <summary>Appends a folder of ours to the list; the type of the value stays.</summary>
    public static void Add(WindowsSystem system, string name)
    {
        if (Contains(system, name))
        {
            return;
        }

        var key = system.Software.Root.Create(Key);
        var text = key.GetString(Value) is { Length: > 0 } old ? old.TrimEnd(';') : @"%SystemRoot%\inf";
        text = $@"{text};%SystemRoot%\{Folder}\{name}";
        if (key.FindValue(Value) is { Type: RegistryValueType.String })
        {
            text = text.Replace("%SystemRoot%", system.GuestPath(system.SystemRoot), StringComparison.OrdinalIgnoreCase);
            key.SetString(Value, text);
        }
        else
        {
            key.SetExpandString(Value, text);
        }
    }

    /// <summary>Removes one of our folders from the list.</summary>
    public static void Remove(WindowsSystem system, string name)
    {
        if (!Contains(system, name))
        {
            return;
        }

        var key = system.Software.Root.Find(Key)!;
        var suffix = $@"\{Folder}\{name}";
        var rest = string.Join(';',
            (key.GetString(Value) ?? "").Split(';').Where(e => !e.Trim().EndsWith(suffix, StringComparison.OrdinalIgnoreCase)));
        if (key.FindValue(Value) is { Type: RegistryValueType.String })
        {
            key.SetString(Value, rest);
        }
        else
        {
            key.SetExpandString(Value, rest);
        }
    }

    private static string[] Entries(WindowsSystem system)
    {
        var text = system.Software.Root.Find(Key)?.GetString(Value) ?? "";
        var root = system.GuestPath(system.SystemRoot);
        return [.. text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(e => e.StartsWith(root + "\\", StringComparison.OrdinalIgnoreCase) ? "%SystemRoot%" + e[root.Length..] : e)];
    }
}
