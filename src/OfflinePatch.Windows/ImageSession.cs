using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.Ntfs;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Windows.Inspection;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows;

/// <summary>
/// An opened image: disk, partitions, volumes, Windows. It reads and writes the files that it was given and nothing else, so that whoever
/// gave them (a transaction) decides what becomes of the changes.
/// </summary>
public sealed class ImageSession : IDisposable
{
    private bool _sharesDisk;

    private ImageSession(IImageFiles files, SessionOptions options, DiskImage disk, PartitionTable partitions, ChangeLog changes)
    {
        Files = files;
        Options = options;
        Disk = disk;
        Partitions = partitions;
        Changes = changes;
        Volumes = VolumeOpener.OpenAll(disk, partitions, changes, options.ReplayLog);
        Boot = BootFilesFinder.Find(partitions, Volumes, changes);
        Systems = SystemFinder.FindAll(Volumes, Boot, partitions, changes);
        Windows = SystemFinder.ChooseBooted(Systems, Boot, partitions);
        foreach (var system in Systems)
        {
            system.DriveLetter = DriveLetters.Of(system, partitions);
        }

        VolumeOpener.NameVolumes(Volumes, Windows, Boot);
        Guest = new Guest
        {
            Disk = disk,
            Partitions = partitions,
            Volumes = Volumes,
            Systems = Systems,
            FoundWindows = Windows,
            Boot = Boot,
            Options = options.Rules,
            Profile = options.Profile,
            Changes = changes,
        };
    }

    /// <summary>The host files.</summary>
    public IImageFiles Files { get; }

    /// <summary>How it was opened.</summary>
    public SessionOptions Options { get; }

    /// <summary>The disk.</summary>
    public DiskImage Disk { get; }

    /// <summary>Its partition table.</summary>
    public PartitionTable Partitions { get; }

    /// <summary>Its volumes, in the order of the partition table.</summary>
    public IReadOnlyList<GuestVolume> Volumes { get; }

    /// <summary>Every Windows installation.</summary>
    public IReadOnlyList<WindowsSystem> Systems { get; }

    /// <summary>The installation that the machine boots, or null.</summary>
    public WindowsSystem? Windows { get; }

    /// <summary>The boot files.</summary>
    public BootFiles Boot { get; }

    /// <summary>What rules see.</summary>
    public Guest Guest { get; }

    /// <summary>What was changed.</summary>
    public ChangeLog Changes { get; }

    /// <summary>Opens an image.</summary>
    /// <exception cref="CorruptImageException">The container or its partition table is damaged.</exception>
    /// <exception cref="UnsupportedImageException">The file is no disk image, or uses something that is not handled.</exception>
    /// <exception cref="RefusedException">An option is needed first (a parent, a backing file).</exception>
    /// <exception cref="IOException">The host failed to read.</exception>
    public static ImageSession Open(IImageFiles files, SessionOptions options) => Open(files, DiskFormats.Open(files), options);

    /// <summary>Opens the partitions and volumes of a disk that was made from <paramref name="files"/>; the session owns the disk.</summary>
    /// <inheritdoc cref="Open(IImageFiles, SessionOptions)" path="/exception"/>
    public static ImageSession Open(IImageFiles files, DiskImage disk, SessionOptions options) =>
        new(files, options, disk, PartitionTable.Read(disk), new ChangeLog { Clock = options.Rules.Clock });

    /// <summary>
    /// Writes everything that rules changed down to the host files: checks the hives and writes them back, flushes the volumes, and checks the
    /// structures that were touched. Returns false when nothing was changed: then nothing at all was written.
    /// </summary>
    /// <exception cref="CorruptImageException"><c>WIN-0004</c>, <c>WIN-0005</c>: a check failed; the caller must drop the changes.</exception>
    public bool WriteBack()
    {
        var hives = Systems.Sum(s => s.WriteBack());
        hives += Boot.WriteBack();
        if (hives == 0 && Changes.IsEmpty && !Volumes.Any(v => v.Files is RecordingFileSystem { WasWritten: true }))
        {
            return false;
        }

        foreach (var volume in Volumes)
        {
            if (volume.Files is not RecordingFileSystem { WasWritten: true } files)
            {
                continue;
            }

            files.Flush();
            if (files.Inner is FatFileSystem fat && fat.Check().FirstOrDefault(f => f.IsError) is { } fatFinding)
            {
                throw WindowsError.VolumeCheckFailed(volume.Description, $"{fatFinding.Code} {fatFinding.Path}: {fatFinding.Message}");
            }

            if (files.Inner is NtfsVolume ntfs && ntfs.CheckTouched().FirstOrDefault(f => f.Severity == FindingSeverity.Error) is { } ntfsFinding)
            {
                throw WindowsError.VolumeCheckFailed(volume.Description, ntfsFinding.ToString());
            }
        }

        Disk.Flush();
        return true;
    }

    /// <summary>The same files, opened anew: what a reader of the result will see.</summary>
    public ImageSession Reopen() => Disk is OverlayDisk
        ? new(Files, Options, Disk, PartitionTable.Read(Disk), new ChangeLog { Clock = Options.Rules.Clock }) { _sharesDisk = true }
        : Open(Files, Options);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var volume in Volumes)
        {
            volume.Files?.Dispose();
        }

        if (!_sharesDisk)
        {
            Disk.Dispose();
        }
    }
}
