using OfflinePatch.Core;
using OfflinePatch.FileSystems.Cab;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.FileSystems.Iso;
using OfflinePatch.FileSystems.Msi;
using OfflinePatch.FileSystems.Trees;
using OfflinePatch.FileSystems.Udf;
using OfflinePatch.FileSystems.Zip;

namespace OfflinePatch.FileSystems;

/// <summary>
/// Opens what a user names as a source of files: a driver disc, a package, an archive. Told apart by content, never by extension.
/// </summary>
/// <remarks>Safe for use by several threads; the file system that is opened is not.</remarks>
public static class FileSources
{
    /// <summary>Opens a directory, ZIP archive, ISO 9660 or UDF disc, FAT floppy image, MSI package or cabinet as a tree.</summary>
    /// <exception cref="HostIOException">The path is missing, or cannot be read.</exception>
    /// <exception cref="UnsupportedImageException"><c>TREE-0001</c>: it is none of these.</exception>
    /// <exception cref="CorruptImageException">It is one of these, and damaged.</exception>
    /// <exception cref="RefusedException">It would do harm: see <see cref="ZipFileSystem"/>.</exception>
    public static IFileSystem Open(string hostPath)
    {
        if (DirectoryFileSystem.IsDirectory(hostPath))
        {
            return DirectoryFileSystem.Open(hostPath);
        }

        var device = HostFileDevice.Open(hostPath);
        try
        {
            return Open(device, hostPath);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>Opens the bytes of a file; the tree owns <paramref name="device"/>.</summary>
    /// <param name="device">The file.</param>
    /// <param name="source">Where it comes from: a host path. Cabinets next to an MSI package are looked for in its folder.</param>
    public static IFileSystem Open(BlockDevice device, string source)
    {
        if (ZipFileSystem.Probe(device))
        {
            return ZipFileSystem.Open(device, source, ownsDevice: true);
        }

        if (CabFileSystem.Probe(device))
        {
            return CabFileSystem.Open(device, source, ownsDevice: true);
        }

        if (MsiFileSystem.Probe(device))
        {
            return MsiFileSystem.Open(device, source);
        }

        if (OpenDisc(device, source) is { } disc)
        {
            return disc;
        }

        if (FatFileSystem.Probe(device))
        {
            return FatFileSystem.Open(device, source, ownsDevice: true);
        }

        throw FileSystemError.UnknownSource(source, device.Length);
    }

    /// <summary>
    /// A disc by its richest file system. A Windows installation disc holds its files in UDF, and in ISO 9660 only a text that says so;
    /// where UDF is of a kind that is not handled, a bridge disc is read as ISO 9660.
    /// </summary>
    private static TreeFileSystem? OpenDisc(BlockDevice device, string source)
    {
        var isIso = IsoFileSystem.Probe(device);
        if (UdfFileSystem.Probe(device))
        {
            try
            {
                return UdfFileSystem.Open(device, source, ownsDevice: true);
            }
            catch (UnsupportedImageException) when (isIso)
            {
            }
        }

        return isIso ? IsoFileSystem.Open(device, source, ownsDevice: true) : null;
    }
}
