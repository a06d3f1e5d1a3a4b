using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.FirstStart;

/// <summary>
/// <c>SetupComplete.cmd</c>, which Windows runs when its setup has ended, before the first logon. Source: learn.microsoft.com, "Add a
/// custom script to Windows Setup".
/// </summary>
internal static class SetupComplete
{
    /// <summary>Its place, below the Windows directory.</summary>
    public const string Path = @"Setup\Scripts\SetupComplete.cmd";

    private const int MaxLength = 1024 * 1024; // bytes

    /// <summary>Its text, one character a byte (Latin-1), whatever its code page; empty where there is none.</summary>
    public static string Read(WindowsSystem windows)
    {
        var files = windows.Volume.RequireFiles();
        var path = windows.PathOf(Path);
        return files.FileExists(path) ? Encoding.Latin1.GetString(files.ReadFile(path, MaxLength)) : "";
    }

    /// <summary>
    /// What says that Windows does not run the script: it leaves it out with a product key for OEMs, except on Enterprise
    /// editions and Windows Server (same source). Null where it runs it, or where the kind of the key is not known.
    /// </summary>
    /// <param name="windows">The installation.</param>
    /// <param name="isKnown">Whether the answer is certain.</param>
    public static string? WhyIgnored(WindowsSystem windows, out bool isKnown)
    {
        isKnown = true;
        if (windows.Facts.IsServer || windows.Facts.EditionId?.Contains("Enterprise", StringComparison.OrdinalIgnoreCase) == true)
        {
            return null;
        }

        var isOem = ProductKey.IsOem(windows, out var evidence);
        isKnown = isOem is not null;
        return isOem == true ? evidence : null;
    }

    /// <summary>Adds a line; what is there stays.</summary>
    public static void Append(WindowsSystem windows, string line)
    {
        var text = Read(windows);
        var path = windows.PathOf(Path);
        windows.Files.CreateDirectory(FilePath.ParentOf(path));
        windows.Files.WriteFile(path,
            Encoding.Latin1.GetBytes(text + (text.Length == 0 || text.EndsWith('\n') ? "" : "\r\n") + line + "\r\n"));
    }
}
