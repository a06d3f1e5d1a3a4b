using System.Runtime.InteropServices;
using System.Text;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Names;

namespace OfflinePatch.Windows.Guest;

/// <summary>A file operation that is pending until the next start.</summary>
/// <param name="Source">The file, as the session manager names it: <c>\??\C:\Windows\x.sys</c>.</param>
/// <param name="Target">Its new name; <c>!\??\…</c> replaces a file that is there; empty deletes.</param>
public sealed record PendingRename(string Source, string Target)
{
    /// <summary>Whether the file is deleted.</summary>
    public bool IsDeletion => Target.Length == 0;
}

/// <summary>
/// Control\Session Manager\PendingFileRenameOperations and …Operations2: pairs of strings, of which the second is empty for a deletion
/// (boot-network-accounts.md §6). A REG_MULTI_SZ that holds empty strings, so it is not read as one.
/// </summary>
public static class PendingRenames
{
    /// <summary>The key below a control set.</summary>
    public const string KeyPath = @"Control\Session Manager";

    /// <summary>The values.</summary>
    public static IReadOnlyList<string> ValueNames { get; } = ["PendingFileRenameOperations", "PendingFileRenameOperations2"];

    /// <summary>The operations of a value, in their order; none where it does not exist.</summary>
    public static IReadOnlyList<PendingRename> Read(GuestKey? manager, string valueName)
    {
        if (manager?.FindValue(valueName) is not { Type: RegistryValueType.MultiString } value)
        {
            return [];
        }

        var data = value.ReadData();
        var parts = new string(MemoryMarshal.Cast<byte, char>(data.AsSpan(0, data.Length & ~1))).Split('\0');
        var renames = new List<PendingRename>();
        for (var i = 0; i + 1 < parts.Length && parts[i].Length > 0; i += 2)
        {
            renames.Add(new PendingRename(parts[i], parts[i + 1]));
        }

        return renames;
    }

    /// <summary>Writes the operations of a value; without any, the value is deleted.</summary>
    public static void Write(GuestKey manager, string valueName, IReadOnlyList<PendingRename> renames)
    {
        if (renames.Count == 0)
        {
            manager.DeleteValue(valueName);
            return;
        }

        manager.SetValue(valueName, RegistryValueType.MultiString,
            Encoding.Unicode.GetBytes(string.Concat(renames.Select(r => $"{r.Source}\0{r.Target}\0")) + "\0"));
    }

    /// <summary>
    /// The path on the Windows volume that an operation names, or null when it is elsewhere. <c>*1</c> and <c>!</c> before it are marks.
    /// </summary>
    public static string? PathOn(WindowsSystem system, string name)
    {
        var at = name.IndexOf(@"\??\", StringComparison.Ordinal);
        return at is >= 0 and <= 3 ? ServiceImage.Resolve(system, $"\"{name[at..]}\"") : null;
    }
}
