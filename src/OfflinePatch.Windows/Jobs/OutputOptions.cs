using OfflinePatch.Disks;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Conversion.FastImport;

namespace OfflinePatch.Windows.Jobs;

/// <summary>The fixed copy that is written in place of a change of the image.</summary>
/// <param name="Path">Where it goes, on the host.</param>
public sealed record OutputOptions(string Path)
{
    /// <summary>Its format, or null for that of the image.</summary>
    public ImageFormat? Format { get; init; }

    /// <summary>The variant of its format, or null.</summary>
    public string? Subformat { get; init; }

    /// <summary>Its compression, or null.</summary>
    public string? Compression { get; init; }

    /// <summary>Whether an existing file may be replaced.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Whether the copy is read again and compared.</summary>
    public bool Verify { get; init; }

    /// <summary>The user's CreateMF.jar, to make the bitmap of a RAW copy; or null.</summary>
    public string? CreateMfJar { get; init; }

    /// <summary>The user's qemu-img-hw, to check a ZVHD2 copy; or null.</summary>
    public string? QemuImgHw { get; init; }

    /// <summary>Receives progress, or null.</summary>
    public IProgress<ConversionProgress>? Progress { get; init; }
}
