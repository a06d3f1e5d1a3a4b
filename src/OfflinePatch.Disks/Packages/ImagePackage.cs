using OfflinePatch.Core;

namespace OfflinePatch.Disks.Packages;

/// <summary>
/// A file that holds a disk image but is not one itself: an archive, a compressed file, a forensic acquisition. It opens as the disk
/// inside.
/// </summary>
internal abstract class ImagePackage
{
    /// <summary>
    /// Whether the file is such a package, by its content (split images: by its name). Reads at most a few sectors; never throws on hostile
    /// content.
    /// </summary>
    public abstract bool Probe(IImageFiles files);

    /// <summary>Opens the disk inside.</summary>
    /// <exception cref="CorruptImageException">The package is damaged, or the image inside is.</exception>
    /// <exception cref="UnsupportedImageException">It holds no disk, or uses a feature that is not handled.</exception>
    public abstract DiskImage Open(IImageFiles files, IFormatSet formats);

    /// <summary>The first bytes of a file, fewer where it is shorter.</summary>
    protected static byte[] ReadStart(BlockDevice file, int count)
    {
        var start = new byte[Math.Min(count, file.Length)];
        file.Read(0, start);
        return start;
    }
}
