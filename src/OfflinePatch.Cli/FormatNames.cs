using OfflinePatch.Disks;

namespace OfflinePatch.Cli;

/// <summary>Usual file name endings.</summary>
internal static class FormatNames
{
    public static string ExtensionOf(ImageFormat format) => format.ToString().ToLowerInvariant();

    /// <summary>The format that the name of an output asks for, or null.</summary>
    public static ImageFormat? ByExtension(string path)
    {
        var extension = Path.GetExtension(path).TrimStart('.');
        return extension.Equals("img", StringComparison.OrdinalIgnoreCase) ? ImageFormat.Raw
            : Enum.GetValues<ImageFormat>().Select(f => (ImageFormat?)f)
                .FirstOrDefault(f => ExtensionOf(f!.Value).Equals(extension, StringComparison.OrdinalIgnoreCase));
    }
}
