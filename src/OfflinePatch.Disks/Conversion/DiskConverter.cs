using System.Diagnostics;
using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;

namespace OfflinePatch.Disks.Conversion;

/// <summary>Writes a disk into a new image of any format.</summary>
public static class DiskConverter
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>Converts.</summary>
    /// <param name="source">The disk; it is only read. An opened image, or one with an overlay of changes.</param>
    /// <param name="target">The format to write.</param>
    /// <param name="output">Where the new image goes: empty, not yet named. The caller gives it its name when this returns, and drops it
    /// when this throws.</param>
    /// <param name="options">What the new image should look like.</param>
    /// <param name="progress">Called ten times a second at most, on the calling thread; or null.</param>
    /// <param name="verify">Whether to read the new image again and compare it with the source.</param>
    /// <param name="cancellation">Ends the conversion with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="UnsupportedImageException"><c>CONV-0001</c>: the format cannot be written; or the disk does not fit into
    /// it.</exception>
    /// <exception cref="CorruptImageException">The source is damaged where it was read.</exception>
    /// <exception cref="IOException">The host failed, or the new image differs from its source (<c>CONV-0002</c>,
    /// <c>CONV-0003</c>).</exception>
    public static ConversionResult Convert(
        BlockDevice source,
        DiskFormat target,
        ResizableDevice output,
        DiskWriterOptions options,
        IProgress<ConversionProgress>? progress = null,
        bool verify = false,
        CancellationToken cancellation = default)
    {
        var started = Stopwatch.GetTimestamp();
        ConversionPipeline pipeline;
        options = options with { Identity = options.Identity ?? ImageIdentity.OfNew(source) };
        using (var writer = target.CreateWriter(output, source.Length, options) ?? throw ConversionError.NoWriter(target.Format))
        {
            pipeline = new ConversionPipeline(source, writer, Reporter(ConversionPhase.Write, source.Length, progress), cancellation);
            pipeline.Run();
            writer.Complete();
        }

        progress?.Report(new ConversionProgress(ConversionPhase.Write, source.Length, source.Length, pipeline.DataBytes,
            Stopwatch.GetElapsedTime(started)));
        if (verify)
        {
            using var image = DiskFormats.Open(target, new NewImageFiles(options.FileName, output));
            new ConversionCheck(source, image, Reporter(ConversionPhase.Verify, source.Length, progress), cancellation).Run();
        }

        return new ConversionResult(source.Length, pipeline.DataBytes, pipeline.StoredBytes, output.Length,
            Stopwatch.GetElapsedTime(started), verify);
    }

    private static Action<long, long> Reporter(ConversionPhase phase, long total, IProgress<ConversionProgress>? progress)
    {
        if (progress is null)
        {
            return static (_, _) => { };
        }

        var started = Stopwatch.GetTimestamp();
        var last = started;
        return (done, data) =>
        {
            if (Stopwatch.GetElapsedTime(last) >= ReportEvery)
            {
                last = Stopwatch.GetTimestamp();
                progress.Report(new ConversionProgress(phase, done, total, data, Stopwatch.GetElapsedTime(started)));
            }
        };
    }

    /// <summary>The file that was just written, for reading it again. A new image never has companions.</summary>
    private sealed class NewImageFiles(string name, ResizableDevice output) : IImageFiles
    {
        public string ImagePath => name;

        public ResizableDevice Image => output;

        public ImageFile OpenCompanion(string relativeTo, string name, CompanionKind kind) =>
            throw ConversionError.SecondFile(name);
    }
}
