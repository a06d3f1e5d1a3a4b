namespace OfflinePatch.Core.FileSystem;

/// <summary>
/// The names that Windows takes for devices in every directory, with or without an extension: a file of such a name can be opened only by
/// its <c>\\?\</c> path. Source: Microsoft, "Naming Files, Paths, and Namespaces" (which names COM0 and LPT0 too); the console names:
/// Project Zero, "The Definitive Guide on Win32 to NT Path Conversion".
/// </summary>
public static class DeviceNames
{
    private static readonly string[] Whole = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
    private static readonly string[] Numbered = ["COM", "LPT"];

    /// <summary>Whether a name, without its directory, is reserved: <c>nul</c>, <c>NUL.txt</c>, <c>com1 .log</c>.</summary>
    public static bool IsReserved(ReadOnlySpan<char> name)
    {
        var end = name.IndexOf('.');
        var stem = (end < 0 ? name : name[..end]).TrimEnd(' ');
        foreach (var device in Whole)
        {
            if (stem.Equals(device, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        foreach (var device in Numbered)
        {
            if (stem.Length == 4 && stem.StartsWith(device, StringComparison.OrdinalIgnoreCase)
                && stem[3] is (>= '0' and <= '9') or '\u00B9' or '\u00B2' or '\u00B3')
            {
                return true;
            }
        }

        return false;
    }
}
