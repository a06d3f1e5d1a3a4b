using OfflinePatch.Disks;

namespace OfflinePatch.Cli;

/// <summary>Usual file name endings.</summary>
internal static class FormatNames
{
    public static string ExtensionOf(ImageFormat format) => format.ToString().ToLowerInvariant();
}
