using OfflinePatch.Cli.Registry;
using OfflinePatch.Core;
using OfflinePatch.Disks;

namespace OfflinePatch.Cli.Commands;

/// <summary>The files that an image, or a bare hive, names as parts of itself: only these may be written when a change is taken back.</summary>
internal static class ImageParts
{
    private static readonly string[] LogSuffixes = [".LOG", ".LOG1", ".LOG2", ".log", ".log1", ".log2"];

    /// <summary>Opens all of them.</summary>
    public static void Open(IImageFiles files)
    {
        if (!HiveFileTarget.IsHive(files.Image))
        {
            DiskFormats.Open(files).Dispose();
            return;
        }

        foreach (var suffix in LogSuffixes)
        {
            try
            {
                files.OpenCompanion(files.ImagePath, Path.GetFileName(files.ImagePath) + suffix, CompanionKind.Extent);
            }
            catch (HostIOException e) when (e.IsMissing)
            {
                // A hive has the logs that it has.
            }
        }
    }
}
