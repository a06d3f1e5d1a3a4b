using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Conversion.FastImport;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Windows.Jobs;

/// <summary>Writes a patched disk as a new image, in one pass over the source and its overlay.</summary>
internal static class FixedCopy
{
    /// <summary>Refuses, before any work, a copy that could not be kept.</summary>
    public static void Check(DiskImage disk, ImageTransaction source, EditOptions open, OutputOptions output) =>
        ConversionJob.Check(source, RequestOf(disk, source, open, output));

    /// <summary>Opens the disk itself, or for a copy a view of it whose changes go nowhere else.</summary>
    public static ImageSession OpenSession(ImageTransaction transaction, EditOptions open, OutputOptions? output, OverlayStorage storage)
    {
        var disk = output is null ? ImageEdit.OpenInPlace(transaction) : DiskFormats.Open(transaction);
        try
        {
            if (output is not null)
            {
                Check(disk, transaction, open, output);
                disk = new OverlayDisk(disk, storage);
            }

            return ImageSession.Open(transaction, disk, open.Session);
        }
        catch
        {
            disk.Dispose();
            throw;
        }
    }

    /// <summary>Writes the copy and adds it to the report.</summary>
    public static ImageReport Write(
        DiskImage disk, ImageTransaction source, EditOptions open, OutputOptions output, ImageReport report, CancellationToken cancellation)
    {
        var bitmap = Write(disk, source, open, output, cancellation);
        return report with
        {
            OutputFile = output.Path,
            Notes = bitmap is null ? report.Notes : [.. report.Notes, $"{bitmap} is the bitmap for fast import; upload it with the copy"],
        };
    }

    /// <summary>Writes the copy. Returns the path of the bitmap for fast import, or null.</summary>
    public static string? Write(
        DiskImage disk, ImageTransaction source, EditOptions open, OutputOptions output, CancellationToken cancellation) =>
        ConversionJob.Write(disk, source, RequestOf(disk, source, open, output), output.Progress, cancellation).BitmapPath;

    private static ConversionRequest RequestOf(DiskImage disk, ImageTransaction source, EditOptions open, OutputOptions output) => new(
        source.ImagePath,
        output.Path,
        output.Format ?? disk.Format,
        output.Subformat,
        output.Compression,
        output.Overwrite,
        open.AllowBacking,
        output.Verify,
        output.CreateMfJar,
        output.QemuImgHw);
}
