using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Conversion;

namespace OfflinePatch.Windows.Jobs;

/// <summary>Writes a patched disk as a new image, in one pass over the source and its overlay.</summary>
internal static class FixedCopy
{
    public static string Write(DiskImage disk, ImageTransaction source, ImageRequest request, CancellationToken cancellation)
    {
        var format = request.OutputFormat ?? disk.Format;
        var path = request.OutputPath!;
        var resolved = HostPaths.Resolve(path);
        if (source.HostPaths.Any(p => string.Equals(HostPaths.Resolve(p), resolved, StringComparison.Ordinal)))
        {
            throw JobError.OutputIsSource(path);
        }

        var target = DiskFormats.All.FirstOrDefault(f => f.Format == format) ?? throw JobError.NoWriter(format.ToString());
        var options = new DiskWriterOptions(request.OutputSubformat, request.Compression, Path.GetFileName(path), disk.SectorSize, disk.Properties);
        using var output = new OutputFile(path, request.Overwrite);
        DiskConverter.Convert(disk, target, output, options, request.Progress, request.Verify, cancellation);
        output.Complete();
        return path;
    }
}
