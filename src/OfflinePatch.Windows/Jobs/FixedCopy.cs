using OfflinePatch.Core;
using OfflinePatch.Disks;

namespace OfflinePatch.Windows.Jobs;

/// <summary>Writes a patched disk as a new image, in one pass over the source and its overlay.</summary>
internal static class FixedCopy
{
    public static string Write(DiskImage disk, string sourcePath, ImageRequest request, CancellationToken cancellation)
    {
        var format = request.OutputFormat ?? disk.Format;
        var path = request.OutputPath!;
        if (string.Equals(Path.GetFullPath(path), Path.GetFullPath(sourcePath), StringComparison.Ordinal))
        {
            throw JobError.OutputIsSource(path);
        }

        using var output = new OutputFile(path, request.Overwrite);
        var options = new DiskWriterOptions(request.OutputSubformat, request.Compression, Path.GetFileName(path), disk.SectorSize);
        var target = DiskFormats.All.FirstOrDefault(f => f.Format == format) ?? throw JobError.NoWriter(format.ToString());
        using (var writer = target.CreateWriter(output, disk.Length, options) ?? throw JobError.NoWriter(format.ToString()))
        {
            CopyBlocks(disk, writer, cancellation);
            writer.Complete();
        }

        output.Complete();
        return path;
    }

    private static void CopyBlocks(DiskImage disk, DiskWriter writer, CancellationToken cancellation)
    {
        var unit = new byte[writer.UnitSize];
        for (long offset = 0; offset < disk.Length;)
        {
            cancellation.ThrowIfCancellationRequested();
            var extent = disk.GetExtent(offset);
            if (extent.IsZero && offset % unit.Length == 0 && extent.Length >= unit.Length)
            {
                offset += extent.Length / unit.Length * unit.Length;
                continue;
            }

            var count = (int)Math.Min(unit.Length, disk.Length - offset);
            var block = unit.AsMemory(0, count);
            disk.Read(offset, block.Span);
            if (block.Span.ContainsAnyExcept((byte)0))
            {
                writer.Append(offset, writer.Encode(offset, block));
            }

            offset += count;
        }
    }
}
