using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.Ntfs;
using OfflinePatch.Ntfs.Check;

namespace OfflinePatch.Windows.Guest;

/// <summary>
/// An opened image: disk, partitions, volumes, Windows. It reads and writes the files that it was given and nothing else, so that whoever
/// provided them (a transaction) decides whether the changes are committed.
/// </summary>
public sealed class ImageSession : IDisposable
{
    private readonly bool _sharesDisk;

    private ImageSession(IImageFiles files, SessionOptions options, DiskImage disk, bool sharesDisk = false, ChangeLog? changes = null)
    {
        using var stage = RunActivity.Stage("open volumes");
        Files = files;
        Options = options;
        _sharesDisk = sharesDisk;
        var partitions = PartitionTable.Read(disk);
        changes ??= new ChangeLog { Clock = options.Clock, Trace = options.Trace };
        Machine = GuestMachine.Find(disk, partitions, VolumeOpener.OpenAll(disk, partitions, changes, options), changes);
    }

    /// <summary>The host files.</summary>
    public IImageFiles Files { get; }

    /// <summary>How it was opened.</summary>
    public SessionOptions Options { get; }

    /// <summary>What is on the disk.</summary>
    public GuestMachine Machine { get; }

    /// <summary>Opens an image.</summary>
    /// <exception cref="CorruptImageException">The container or its partition table is damaged.</exception>
    /// <exception cref="UnsupportedImageException">The file is no disk image, or uses something that is not handled.</exception>
    /// <exception cref="RefusedException">An option is needed first (a parent, a backing file).</exception>
    /// <exception cref="IOException">The host failed to read.</exception>
    public static ImageSession Open(IImageFiles files, SessionOptions options) => Open(files, DiskFormats.Open(files), options);

    /// <summary>
    /// Opens the partitions and volumes of a disk that was made from <paramref name="files"/>; the session owns the disk.
    /// </summary>
    /// <inheritdoc cref="Open(IImageFiles, SessionOptions)" path="/exception"/>
    public static ImageSession Open(IImageFiles files, DiskImage disk, SessionOptions options) =>
        new(files, options, disk);

    /// <summary>
    /// Writes everything that rules changed down to the host files: checks the hives and writes them back, flushes the volumes, and checks
    /// the structures that were touched. Returns false when nothing was changed: then nothing at all was written.
    /// </summary>
    /// <exception cref="CorruptImageException"><c>WIN-0004</c>, <c>WIN-0005</c>: a check failed; the caller must drop the
    /// changes.</exception>
    public bool WriteBack()
    {
        using var stage = RunActivity.Stage("write back");
        var hives = Machine.Systems.Sum(s => s.WriteBack());
        hives += Machine.Boot.WriteBack();
        if (hives == 0 && Machine.Changes.IsEmpty && !Machine.Volumes.Any(v => v.Files is RecordingFileSystem { WasWritten: true }))
        {
            return false;
        }

        foreach (var volume in Machine.Volumes)
        {
            if (volume.Files is not RecordingFileSystem { WasWritten: true } files)
            {
                continue;
            }

            Options.Trace?.Invoke($"checking {volume.Description}");
            using var check = RunActivity.Stage("check", volume.Description);
            files.Flush();
            if (files.CheckChanges().FirstOrDefault(f => f.IsError) is { } finding)
            {
                throw WindowsError.VolumeCheckFailed(volume.Description, finding.ToString());
            }
        }

        Machine.Disk.Flush();
        return true;
    }

    /// <summary>The same files, opened again: what a reader of the result will see.</summary>
    /// <param name="changes">Where further changes are recorded; null for a log of its own.</param>
    public ImageSession Reopen(ChangeLog? changes = null) => Machine.Disk is OverlayDisk
        ? new(Files, Options, Machine.Disk, sharesDisk: true, changes)
        : new(Files, Options, DiskFormats.Open(Files), changes: changes);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var volume in Machine.Volumes)
        {
            volume.Files?.Dispose();
        }

        if (!_sharesDisk)
        {
            Machine.Disk.Dispose();
        }
    }
}
