using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Windows.Jobs;

/// <summary>Writes a patched disk as a new image, in one pass over the source and its overlay.</summary>
internal static class FixedCopy
{
    /// <summary>Refuses, before any work, a copy that could not be kept.</summary>
    public static void Check(DiskImage disk, ImageTransaction source, ImageRequest request) => ConversionJob.Check(source, RequestOf(disk, source, request));

    /// <summary>Writes the copy and adds it to the report.</summary>
    public static ImageReport Write(DiskImage disk, ImageTransaction source, ImageRequest request, ImageReport report, CancellationToken cancellation)
    {
        var (_, bitmap) = ConversionJob.Write(disk, source, RequestOf(disk, source, request), request.Progress, cancellation);
        return report with
        {
            OutputFile = request.OutputPath,
            Notes = bitmap is null ? report.Notes : [.. report.Notes, $"{bitmap} is the bitmap for fast import; upload it beside the copy"],
        };
    }

    private static ConversionRequest RequestOf(DiskImage disk, ImageTransaction source, ImageRequest request) => new(
        source.ImagePath,
        request.OutputPath!,
        request.OutputFormat ?? disk.Format,
        request.OutputSubformat,
        request.Compression,
        request.Overwrite,
        request.AllowBacking,
        request.Verify,
        request.CreateMfJar,
        request.QemuImgHw);
}
