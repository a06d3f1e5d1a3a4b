using OfflinePatch.Core;
using OfflinePatch.Registry;

namespace OfflinePatch.Cli.Registry;

/// <summary>Writes a hive over its older self: only the pages that changed, so that the transaction stays small.</summary>
internal static class HiveFileWriter
{
    public static void Write(ResizableDevice device, Hive hive)
    {
        var image = hive.Image.Span;
        device.EnsureLength(image.Length);
        foreach (var range in hive.ChangedRanges)
        {
            var (start, length) = range.GetOffsetAndLength(image.Length);
            device.Write(start, image.Slice(start, length));
        }
    }
}
