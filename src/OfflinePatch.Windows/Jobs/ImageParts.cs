using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Jobs;

/// <summary>
/// The files that an image, or a bare hive, names as parts of itself: only these may be written when a change is undone or rolled back.
/// </summary>
public static class ImageParts
{
    /// <summary>Opens all of them. For <see cref="UndoOptions.NameFiles"/> and <see cref="RecoverOptions.NameFiles"/>.</summary>
    /// <exception cref="CorruptImageException">The container is damaged.</exception>
    /// <exception cref="UnsupportedImageException">The file is no disk image and no hive.</exception>
    /// <exception cref="HostIOException">A part is missing or cannot be opened.</exception>
    public static void Open(IImageFiles files)
    {
        if (!HiveFileEdit.IsHive(files.Image))
        {
            DiskFormats.Open(files).Dispose();
            return;
        }

        foreach (var suffix in HiveLogNames.Suffixes.SelectMany(s => new[] { s, s.ToLowerInvariant() }))
        {
            try
            {
                files.OpenCompanion(files.ImagePath, Path.GetFileName(files.ImagePath) + suffix, CompanionKind.Extent);
            }
            catch (HostIOException e) when (e.IsMissing)
            {
                // Most hives have some of the logs only.
            }
        }

        files.AllFilesNamed();
    }
}
