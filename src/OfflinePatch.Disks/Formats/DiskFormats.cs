using OfflinePatch.Core;
using OfflinePatch.Disks.Ewf;
using OfflinePatch.Disks.Packages;
using OfflinePatch.Disks.Packages.Ova;
using OfflinePatch.Disks.Qcow;
using OfflinePatch.Disks.Qcow2;
using OfflinePatch.Disks.Qed;
using OfflinePatch.Disks.Raw;
using OfflinePatch.Disks.Vdi;
using OfflinePatch.Disks.Vhd;
using OfflinePatch.Disks.Vhdx;
using OfflinePatch.Disks.Vmdk;
using OfflinePatch.Disks.Zvhd;

namespace OfflinePatch.Disks.Formats;

/// <summary>The formats that this program knows, and the choice among them by content.</summary>
/// <remarks>Immutable; safe for use by several threads.</remarks>
public static class DiskFormats
{
    /// <summary>
    /// Every format, in the order in which they are probed. RAW has no magic and is the last: any file would be taken for it.
    /// </summary>
    public static IReadOnlyList<DiskFormat> All { get; } =
    [
        new VmdkFormat(),
        new VdiFormat(),
        new ZvhdFormat(),
        new Zvhd2Format(),
        new Qcow2Format(),
        new VhdFormat(),
        new VhdxFormat(),
        new QcowFormat(),
        new QedFormat(),
        new RawFormat(),
    ];

    /// <summary>
    /// Files that hold a disk image without being one. Probed after the formats with a magic of their own, and before RAW.
    /// </summary>
    private static readonly ImagePackage[] Packages =
    [
        new SplitPackage(), new OvaPackage(), new OvfPackage(), new GzipPackage(), new XzPackage(), new ZstdPackage(), new ZipPackage(),
            new EwfPackage(),
    ];

    /// <summary>Packages inside packages: a qcow2 in a tar in a gzip is two.</summary>
    private const int MaxPackageDepth = 4;

    private static readonly FormatSet Set = new();

    // LUKS On-Disk Format Specification 1.2.3 and 2: the first 6 bytes.
    private static ReadOnlySpan<byte> LuksMagic => [(byte)'L', (byte)'U', (byte)'K', (byte)'S', 0xBA, 0xBE];

    /// <summary>The names of all formats, as the command line has them: <c>vmdk, vdi, …</c>.</summary>
    public static string Names { get; } = string.Join(", ", All.Select(f => f.Name));

    /// <summary>The format of a kind.</summary>
    public static DiskFormat Of(ImageFormat format) => All.First(f => f.Format == format);

    /// <summary>
    /// Recognises and opens an image, or the image inside a package, by its content. Of names only <c>.001</c> counts, which says that the
    /// file is a part.
    /// </summary>
    /// <exception cref="CorruptImageException">The container contradicts its format.</exception>
    /// <exception cref="UnsupportedImageException">No format recognises the file (<c>DISK-0001</c>), or a feature is not
    /// handled.</exception>
    /// <exception cref="RefusedException">The image is encrypted (<c>DISK-0002</c> and codes of the formats).</exception>
    public static DiskImage Open(IImageFiles files)
    {
        Span<byte> start = stackalloc byte[LuksMagic.Length];
        if (files.Image.Length >= start.Length)
        {
            files.Image.Read(0, start);
            if (start.SequenceEqual(LuksMagic))
            {
                throw DiskError.Luks(files.ImagePath);
            }
        }

        if (FindPackage(files) is { } package)
        {
            return PackageFiles.DepthOf(files) < MaxPackageDepth
                ? AllNamed(files, package.Open(files, Set))
                : throw PackageError.TooDeep(files.ImagePath, MaxPackageDepth);
        }

        var format = All.FirstOrDefault(f => f.Probe(files.Image))
            ?? throw DiskError.UnknownFormat(files.ImagePath, files.Image.Length, Names);
        return AllNamed(files, format.Open(files, Set));
    }

    /// <summary>Opens an image whose format is known.</summary>
    internal static DiskImage Open(DiskFormat format, IImageFiles files) => format.Open(files, Set);

    /// <summary>Whether a file is an image of a known format, or a package.</summary>
    internal static bool IsImage(IImageFiles files) => FindPackage(files) is not null || All.Any(f => f.Probe(files.Image));

    private static DiskImage AllNamed(IImageFiles files, DiskImage disk)
    {
        try
        {
            files.AllFilesNamed();
            return disk;
        }
        catch
        {
            disk.Dispose();
            throw;
        }
    }

    /// <summary>
    /// A package, unless a format with a magic recognises the file: a VHD's footer or a VDI's signature is far from the start.
    /// </summary>
    private static ImagePackage? FindPackage(IImageFiles files) =>
        Packages[0].Probe(files) ? Packages[0] // the first part of an image may well start with the image's magic
        : All.Any(f => f.Format != ImageFormat.Raw && f.Probe(files.Image)) ? null
        : Array.Find(Packages, p => p.Probe(files));

    private sealed class FormatSet : IFormatSet
    {
        public IReadOnlyList<DiskFormat> All => DiskFormats.All;

        public DiskImage Open(IImageFiles files) => DiskFormats.Open(files);

        public bool IsImage(IImageFiles files) => DiskFormats.IsImage(files);

        public DiskImage OpenRaw(ResizableDevice file) => new RawImage(file);
    }
}
