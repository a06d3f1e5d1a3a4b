using OfflinePatch.Core;
using OfflinePatch.Disks.Conversion.FastImport;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Partitions;

namespace OfflinePatch.Disks.Conversion;

/// <summary>What to convert into what.</summary>
/// <param name="SourcePath">The image; it is only read.</param>
/// <param name="OutputPath">The new image.</param>
/// <param name="Format">Its format.</param>
/// <param name="Subformat">Its variant, or null for the format's own choice.</param>
/// <param name="Compression"><c>zlib</c>, <c>zstd</c>, or null.</param>
/// <param name="Overwrite">Whether an existing file may be replaced.</param>
/// <param name="AllowBacking">Whether parents and backing files that the source names may be read.</param>
/// <param name="Verify">Whether the new image is read again and compared.</param>
/// <param name="CreateMfJar">The user's CreateMF.jar, to make the bitmap of a RAW output; or null.</param>
/// <param name="QemuImgHw">The user's qemu-img-hw, to judge a ZVHD2 output; or null.</param>
public sealed record ConversionRequest(
    string SourcePath,
    string OutputPath,
    ImageFormat Format,
    string? Subformat = null,
    string? Compression = null,
    bool Overwrite = false,
    bool AllowBacking = false,
    bool Verify = false,
    string? CreateMfJar = null,
    string? QemuImgHw = null)
{
    /// <summary>Receives what the user has to know and is no error, or null.</summary>
    public Action<string>? Note { get; init; }

    /// <summary>The format that the source must have, or null for any.</summary>
    public ImageFormat? ExpectedFormat { get; init; }
}

/// <summary>What a conversion job did.</summary>
/// <param name="SourceFormat">Format of the source, by its content.</param>
/// <param name="SourceSubformat">Its variant; empty where there is one only.</param>
/// <param name="Result">Sizes and time.</param>
/// <param name="BitmapPath">The bitmap that was made for fast import, or null.</param>
public sealed record ConversionOutcome(ImageFormat SourceFormat, string SourceSubformat, ConversionResult Result, string? BitmapPath);

/// <summary>Converts one image file into another.</summary>
public static class ConversionJob
{
    /// <summary>
    /// Converts. The output gets its name once it is whole (and verified); an error or a cancellation leaves no file of that name.
    /// </summary>
    /// <exception cref="CorruptImageException">The source is damaged.</exception>
    /// <exception cref="UnsupportedImageException">The source is of no known format, or does not fit into the new one.</exception>
    /// <exception cref="RefusedException">
    /// The output exists, is the source itself (<c>CONV-0005</c>), parents are needed first, or the source has another format than expected
    /// (<c>CONV-0009</c>).
    /// </exception>
    /// <exception cref="IOException">The host failed, or the verification did.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ConversionOutcome Run(ConversionRequest request, IProgress<ConversionProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        using var transaction =
            ImageTransaction.Open(request.SourcePath, new TransactionOptions { AllowParents = request.AllowBacking, Note = request.Note });
        using var source = DiskFormats.Open(transaction);
        if (request.ExpectedFormat is { } expected && source.Format != expected)
        {
            throw ConversionError.UnexpectedFormat(request.SourcePath, source.Format, expected);
        }

        var (result, bitmap) = Write(source, transaction, request, progress, cancellation);
        return new ConversionOutcome(source.Format, source.Subformat, result, bitmap);
    }

    /// <summary>
    /// The sector size of the new image: a table in units of 4096 bytes says that the disk had such sectors, whatever its container says.
    /// A format that knows 512 only then refuses it, as neither firmware nor Windows finds a partition there; the user is told where the
    /// new image cannot say it either.
    /// </summary>
    private static int ChooseSectorSize(DiskImage disk, DiskFormat target, Action<string>? note)
    {
        try
        {
            var table = PartitionTable.Read(disk);
            if (table.Scheme == PartitionScheme.None || table.SectorSize == table.DeviceSectorSize)
            {
                return disk.SectorSize;
            }

            var fits = table.SectorSize > disk.SectorSize && disk.Length % table.SectorSize == 0;
            if (!fits || !target.KeepsSectorSize)
            {
                note?.Invoke($"the partition table counts in sectors of {table.SectorSize} bytes: a conversion keeps the layout, "
                    + "so that neither firmware nor Windows finds its partitions unless the disk is given sectors of "
                    + $"{table.SectorSize} bytes (QEMU: logical_block_size)");
            }

            return fits ? table.SectorSize : disk.SectorSize;
        }
        catch (CorruptImageException)
        {
            return disk.SectorSize; // the content is converted as it is, whatever it is
        }
    }

    /// <summary>
    /// Refuses, before any work, an output that could not be kept: one that is the source, that exists, or that the tools cannot use.
    /// </summary>
    /// <exception cref="RefusedException"><c>CONV-0005</c>, <c>CORE-0040</c>, <c>FAST-0004</c>, <c>FAST-0005</c>,
    /// <c>FAST-0006</c>.</exception>
    public static void Check(ImageTransaction source, ConversionRequest request)
    {
        var path = HostPaths.Resolve(request.OutputPath);
        if (source.HostPaths.Any(p => string.Equals(HostPaths.Resolve(p), path, StringComparison.Ordinal)))
        {
            throw ConversionError.OutputIsSource(request.OutputPath);
        }

        OutputFile.CheckFree(request.OutputPath, request.Overwrite);
        CheckTools(request);
    }

    /// <summary>Writes a disk, as it is or with an overlay of changes, into a new image, and lets the user's tools check that.</summary>
    /// <param name="disk">The disk; only read.</param>
    /// <param name="source">The transaction that it was opened from.</param>
    /// <param name="request">What to write; its source path and parents are settled already.</param>
    /// <param name="progress">Receives progress, or null.</param>
    /// <param name="cancellation">Ends it with <see cref="OperationCanceledException"/>.</param>
    /// <returns>Sizes and time, and the path of the bitmap that was made, or null.</returns>
    /// <exception cref="UnsupportedImageException">The disk does not fit into the format.</exception>
    /// <exception cref="CorruptImageException">The disk is damaged where it was read.</exception>
    /// <exception cref="RefusedException">See <see cref="Check"/>.</exception>
    /// <exception cref="IOException">The host or a tool failed, or the verification did.</exception>
    public static (ConversionResult Result, string? BitmapPath) Write(
        DiskImage disk, ImageTransaction source, ConversionRequest request, IProgress<ConversionProgress>? progress = null,
            CancellationToken cancellation = default)
    {
        Check(source, request);
        var target = DiskFormats.All.First(f => f.Format == request.Format);
        var options = new DiskWriterOptions(request.Subformat, request.Compression, Path.GetFileName(request.OutputPath),
            ChooseSectorSize(disk, target, request.Note), disk.Properties);
        using var output = new OutputFile(request.OutputPath, request.Overwrite, OutputAccess.Of(source.ImagePath));
        using var stage = RunActivity.Stage("write disk", request.OutputPath);
        var result = DiskConverter.Convert(disk, target, output, options, progress, request.Verify, cancellation);
        output.Complete();
        return (result, RunTools(request, disk, cancellation));
    }

    private static void CheckTools(ConversionRequest request)
    {
        if (request.CreateMfJar is not null)
        {
            if (request.Format != ImageFormat.Raw)
            {
                throw FastImportError.BitmapNeedsRaw(request.Format);
            }

            CreateMf.CheckFree(request.OutputPath);
        }

        if (request.QemuImgHw is not null && request.Format != ImageFormat.Zvhd2)
        {
            throw FastImportError.ToolNeedsZvhd2(request.Format);
        }
    }

    /// <summary>
    /// The vendor's tools work on a file of its final name. A ZVHD2 that is not accepted is not kept; a RAW image without its bitmap is
    /// whole, and is.
    /// </summary>
    private static string? RunTools(ConversionRequest request, DiskImage source, CancellationToken cancellation)
    {
        if (request.QemuImgHw is { } tool)
        {
            try
            {
                FastImport.QemuImgHw.Check(tool, request.OutputPath, source, cancellation);
            }
            catch
            {
                HostPaths.DeleteFile(request.OutputPath);
                throw;
            }
        }

        return request.CreateMfJar is { } jar ? CreateMf.Run(jar, request.OutputPath, cancellation) : null;
    }
}
