using System.Globalization;
using OfflinePatch.Core;
using OfflinePatch.Disks.Packages.Ova;
using OfflinePatch.Disks.Raw;

namespace OfflinePatch.Disks.Packages;

/// <summary>
/// An image that was split into parts: <c>disk.001</c>, <c>disk.002</c>, … (or from <c>.000</c> on), named by its first part. A RAW image
/// is patched in place, part by part; any other format would have to grow, and is only read.
/// </summary>
internal sealed class SplitPackage : ImagePackage
{
    private const int MaxParts = 9999;

    /// <inheritdoc/>
    public override bool Probe(IImageFiles files) => FirstPart(files.ImagePath) is var (stem, number, digits)
        && TryOpen(files, stem, number + 1, digits) is not null;

    /// <inheritdoc/>
    public override DiskImage Open(IImageFiles files, IFormatSet formats)
    {
        var (stem, number, digits) = FirstPart(files.ImagePath)!.Value;
        var parts = new List<ResizableDevice> { files.Image };
        while (parts.Count < MaxParts && TryOpen(files, stem, ++number, digits) is { } part)
        {
            if (part.Length > 0)
            {
                parts.Add(part);
            }
        }

        if (TryOpen(files, stem, number + 1, digits) is not null)
        {
            throw PackageError.MissingPart(files.ImagePath, PartName(stem, number, digits), PartName(stem, number + 1, digits));
        }

        var whole = new ConcatenatedDevice(parts);
        if (formats.All.Any(f => f.Format != ImageFormat.Raw && f.Probe(whole)))
        {
            var inner = new PackageFiles(files, stem, new PackageMember(whole));
            return new PackageImage(formats.Open(inner), "The image is split into parts.",
                [new("parts", parts.Count.ToString(CultureInfo.InvariantCulture))]);
        }

        return formats.All.First(f => f.Format == ImageFormat.Raw).Probe(whole)
            ? new RawImage(whole, "split", "The image is split into parts of fixed sizes.")
            : throw PackageError.NoDisk(files.ImagePath, $"split file of {parts.Count} parts");
    }

    private static (string Stem, int Number, int Digits)? FirstPart(string path)
    {
        var name = path[(path.LastIndexOfAny(['/', '\\']) + 1)..];
        var dot = name.LastIndexOf('.');
        var digits = name.Length - dot - 1;
        return dot > 0 && digits is >= 3 and <= 5
            && int.TryParse(name[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is 0 or 1
            ? (name[..dot], number, digits)
            : null;
    }

    private static string PartName(string stem, int number, int digits) =>
        $"{stem}.{number.ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0')}";

    private static ResizableDevice? TryOpen(IImageFiles files, string stem, int number, int digits)
    {
        try
        {
            return files.OpenCompanion(files.ImagePath, PartName(stem, number, digits), CompanionKind.Extent).Device;
        }
        catch (Exception e) when (e is HostIOException or FileNotFoundException or MissingCompanionException or NotInArchiveException)
        {
            return null; // there is no such file
        }
    }
}
