using OfflinePatch.Core;

namespace OfflinePatch.Disks.Tests.Formats;

/// <summary>Writes a new image as the conversion does: whole units, zeros left out.</summary>
internal static class ImageWriting
{
    public static void Write(DiskFormat format, string path, byte[] content, DiskWriterOptions? options = null)
    {
        File.Delete(path);
        using var output = new HostDevice(path, canWrite: true);
        Write(format, output, content, options);
    }

    public static void Write(DiskFormat format, ResizableDevice output, byte[] content, DiskWriterOptions? options = null)
    {
        using var writer = format.CreateWriter(output, content.Length, options ?? new DiskWriterOptions())!;
        for (var at = 0; at < content.Length; at += writer.UnitSize)
        {
            var unit = content.AsMemory(at, Math.Min(writer.UnitSize, content.Length - at));
            if (unit.Span.ContainsAnyExcept((byte)0))
            {
                if (writer.Encodes)
                {
                    writer.Append(at, writer.Encode(at, unit));
                }
                else
                {
                    writer.AppendRun(at, unit);
                }
            }
        }

        writer.Complete();
    }
}
