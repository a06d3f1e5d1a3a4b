using OfflinePatch.Disks;
using OfflinePatch.Disks.Formats;

namespace OfflinePatch.Cli;

/// <summary>
/// The variants and compressions that a new image can have, so that a wrong one is a mistake of the command line and not an error of an
/// image.
/// </summary>
internal static class OutputVariants
{
    /// <summary>Refuses a variant or a compression that the format does not have.</summary>
    /// <exception cref="UsageException">It does not have it.</exception>
    public static void Check(ImageFormat format, string? subformat, string? compression)
    {
        var name = FormatNames.ExtensionOf(format);
        var chosen = DiskFormats.Of(format);
        if (subformat is not null && !chosen.Variants.Contains(subformat, StringComparer.Ordinal))
        {
            throw new UsageException(chosen.Variants.Count == 0
                ? $"{name} images have no variants"
                : $"{name} images have no variant '{subformat}'; they are {string.Join(" or ", chosen.Variants)}");
        }

        if (compression is not null && !chosen.Compresses(subformat, compression))
        {
            throw new UsageException($"--compress {compression}: {name} images have no choice of compression");
        }
    }
}
