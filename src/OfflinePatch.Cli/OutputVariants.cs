using OfflinePatch.Disks;

namespace OfflinePatch.Cli;

/// <summary>The variants and compressions that a new image can have, so that a wrong one is a mistake of the command line and not an error of an image.</summary>
internal static class OutputVariants
{
    private static readonly Dictionary<ImageFormat, string[]> Subformats = new()
    {
        [ImageFormat.Vmdk] = ["monolithicSparse", "streamOptimized"],
        [ImageFormat.Vhd] = ["dynamic", "fixed"],
        [ImageFormat.Vhdx] = ["dynamic"],
        [ImageFormat.Vdi] = ["dynamic"],
        [ImageFormat.Qcow2] = ["v3"],
    };

    /// <summary>Refuses a variant or a compression that the format does not have.</summary>
    /// <exception cref="UsageException">It has not.</exception>
    public static void Check(ImageFormat format, string? subformat, string? compression)
    {
        var name = FormatNames.ExtensionOf(format);
        var known = Subformats.GetValueOrDefault(format) ?? [];
        if (subformat is not null && !known.Contains(subformat, StringComparer.Ordinal))
        {
            throw new UsageException(known.Length == 0 ? $"{name} images have no variants" : $"{name} images have no variant '{subformat}'; they are {string.Join(" or ", known)}");
        }

        var compresses = format is ImageFormat.Qcow2 or ImageFormat.Zvhd2
            || (compression == "zlib" && (format is ImageFormat.Qcow or ImageFormat.Zvhd || (format == ImageFormat.Vmdk && subformat == "streamOptimized")));
        if (compression is not null && !compresses)
        {
            throw new UsageException($"--compress {compression}: {name} images have no choice of compression");
        }
    }
}
