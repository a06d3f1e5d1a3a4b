namespace OfflinePatch.Windows.Jobs;

/// <summary>Paths of registry keys, as users and .reg text write them.</summary>
internal static class RegistryPath
{
    /// <summary>Splits off the root, in its long or short form: <c>HKLM</c>, <c>HKU</c>; empty where the path names none.</summary>
    public static (string Root, string Below) SplitRoot(string key)
    {
        var path = key.Trim('\\');
        var (first, rest) = SplitFirst(path);
        var root = first.ToUpperInvariant() switch
        {
            "HKLM" or "HKEY_LOCAL_MACHINE" => "HKLM",
            "HKU" or "HKEY_USERS" => "HKU",
            "HKCR" or "HKEY_CLASSES_ROOT" => "HKCR",
            "HKCU" or "HKEY_CURRENT_USER" => "HKCU",
            _ => "",
        };
        return root.Length == 0 ? ("", path) : (root, rest);
    }

    /// <summary>A path with the long name of its root: <c>HKLM\SYSTEM</c> gives <c>HKEY_LOCAL_MACHINE\SYSTEM</c>.</summary>
    public static string LongRoot(string path)
    {
        var (root, rest) = SplitRoot(path);
        var name = root switch
        {
            "HKLM" => "HKEY_LOCAL_MACHINE",
            "HKU" => "HKEY_USERS",
            "HKCR" => "HKEY_CLASSES_ROOT",
            "HKCU" => "HKEY_CURRENT_USER",
            _ => root,
        };
        return rest.Length == 0 ? name : $"{name}\\{rest}";
    }

    /// <summary>The first name of a path, and what follows it.</summary>
    public static (string First, string Below) SplitFirst(string path)
    {
        var end = path.IndexOf('\\', StringComparison.Ordinal);
        return end < 0 ? (path, "") : (path[..end], path[(end + 1)..]);
    }

    /// <summary>
    /// The path below a hive's root for a key of .reg text: <c>HKLM\NAME</c> and <c>HKU\NAME</c> stand for the hive, as HKCU and HKCR do by
    /// themselves.
    /// </summary>
    public static string BelowHive(string key)
    {
        var (root, rest) = SplitRoot(key);
        return root is "HKLM" or "HKU" ? SplitFirst(rest).Below : rest;
    }
}
