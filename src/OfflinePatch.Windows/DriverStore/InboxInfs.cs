using OfflinePatch.Core;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>The INFs in <c>Windows\INF</c>, which other INFs include.</summary>
internal static class InboxInfs
{
    /// <summary>Reads one; null where there is none of this name that can be read.</summary>
    public static InfFile? Read(WindowsSystem system, string name)
    {
        var path = system.PathOf($"INF\\{name}");
        var files = system.Volume.RequireFiles();
        try
        {
            return InfSourceFiles.StaysInside(name) && files.FileExists(path)
                ? InfFile.Parse(files.ReadFile(path, InfLimits.FileBytes), name)
                : null;
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException)
        {
            return null;
        }
    }
}
