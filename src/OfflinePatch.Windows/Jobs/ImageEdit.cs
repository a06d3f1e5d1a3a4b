using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Jobs;

/// <summary>
/// An image that is opened to be read, or to be changed all or nothing: files through <see cref="OpenVolume"/>, the registry through
/// <see cref="Registry"/>. Nothing reaches the host before <see cref="Commit(CancellationToken)"/>, which refuses volumes that are not safe
/// to write, checks every hive and volume that was changed, and then writes. Not safe for use by several threads.
/// </summary>
/// <example>
/// <code>
/// using var edit = ImageEdit.Open("server.vmdk", new EditOptions());
/// edit.Registry.Require(@"HKLM\SYSTEM\CurrentControlSet\Services\Example").SetDword("Start", 4);
/// edit.OpenVolume().WriteFile(@"Windows\Temp\note.txt", "moved"u8);
/// var result = edit.Commit();
/// </code>
/// </example>
public sealed class ImageEdit : IDisposable
{
    private readonly ImageTransaction _transaction;
    private readonly ImageSession _session;
    private readonly bool _isWritable;
    private readonly bool _isTrial;
    private ImageRegistry? _registry;

    private ImageEdit(ImageTransaction transaction, ImageSession session, bool isWritable, bool isTrial)
    {
        _isTrial = isTrial;
        _transaction = transaction;
        _session = session;
        _isWritable = isWritable;
    }

    /// <summary>What is on the disk.</summary>
    public GuestMachine Machine => _session.Machine;

    /// <summary>The registry of the Windows in the image.</summary>
    public IRegistryTarget Registry => _registry ??= new ImageRegistry(this);

    internal string ImagePath => _transaction.ImagePath;

    internal bool IsWritable => _isWritable;

    /// <summary>Opens an image to change it in place.</summary>
    /// <exception cref="CorruptImageException">The container or its partition table is damaged.</exception>
    /// <exception cref="UnsupportedImageException">The file is no disk image, or uses something that is not handled.</exception>
    /// <exception cref="RefusedException"><c>JOB-0001</c>: the format cannot be written in place; or an option is required, or another
    /// program uses the image.</exception>
    /// <exception cref="HostIOException">The host failed.</exception>
    public static ImageEdit Open(string path, EditOptions options) => Open(path, options, isWritable: true);

    /// <summary>Opens an image to read it.</summary>
    /// <inheritdoc cref="Open(string, EditOptions)" path="/exception"/>
    public static ImageEdit OpenToRead(string path, EditOptions options) => Open(path, options, isWritable: false);

    /// <summary>
    /// Opens an image to change it, or, for a trial, as if to change it: everything can be changed and verified, and nothing reaches the
    /// host.
    /// </summary>
    internal static ImageEdit OpenToChange(string path, EditOptions options, bool isTrial) =>
        Open(path, options, isWritable: true, isTrial);

    /// <summary>The image as the rules see it.</summary>
    internal ImageSession Session => _session;

    /// <summary>
    /// A volume: the one of partition <paramref name="number"/>; without a number the one with Windows, or else the only one that a
    /// Windows can use.
    /// </summary>
    /// <exception cref="UnsupportedImageException"><c>JOB-0007</c> to <c>JOB-0009</c>: there is no such volume, or its file system is not
    /// known.</exception>
    public GuestVolume FindVolume(int? number = null)
    {
        var volume = Choose(number);
        return volume.Files is not null ? volume : throw volume.Failure ?? JobError.UnknownFileSystem(ImagePath, volume.Description);
    }

    /// <summary>
    /// The files of a volume, to be changed. What is written is read back at once, and reaches the image with
    /// <see cref="Commit(CancellationToken)"/>.
    /// </summary>
    /// <param name="number">As for <see cref="FindVolume"/>.</param>
    /// <exception cref="UnsupportedImageException">As for <see cref="FindVolume"/>; or the file system cannot be written.</exception>
    /// <exception cref="RefusedException"><c>JOB-0005</c>: the volume is not safe to write.</exception>
    public IWritableFileSystem OpenVolume(int? number = null)
    {
        var volume = FindVolume(number);
        RequireSafe(volume);
        return volume.RequireWritable();
    }

    /// <summary>The Windows that the machine boots.</summary>
    /// <exception cref="CorruptImageException">There is none, and a volume that may hold it cannot be read.</exception>
    /// <exception cref="UnsupportedImageException"><c>WIN-0001</c>: there is none.</exception>
    public WindowsSystem RequireWindows() => Machine.RequireWindows(ImagePath);

    /// <summary>Checks what was changed, and writes the image: all or nothing.</summary>
    /// <param name="cancellation">Looked at until the first byte is written.</param>
    /// <exception cref="RefusedException"><c>JOB-0005</c>: a volume that was changed is not safe to write. Nothing was written.</exception>
    /// <exception cref="CorruptImageException"><c>WIN-0004</c>, <c>WIN-0005</c>: a hive or volume has findings after the change. Nothing
    /// was written.</exception>
    /// <exception cref="HostIOException">The host failed; the image is unchanged or rolled back.</exception>
    /// <exception cref="OperationCanceledException">Cancelled. Nothing was written.</exception>
    public EditResult Commit(CancellationToken cancellation = default)
    {
        foreach (var volume in Machine.ChangedVolumes())
        {
            RequireSafe(volume);
        }

        if (!_session.WriteBack() || _isTrial)
        {
            return default;
        }

        _session.Options.Trace?.Invoke("writing the image");
        return Commit(_transaction, cancellation);
    }

    /// <summary>
    /// Writes the image after sessions that were opened on top of this one have written everything back; what this session holds is not
    /// looked at.
    /// </summary>
    /// <inheritdoc cref="Commit(CancellationToken)" path="/exception"/>
    internal EditResult CommitWritten(CancellationToken cancellation) => _isTrial ? default : Commit(_transaction, cancellation);

    /// <summary>Opens the disk of a transaction that is going to be changed in place.</summary>
    /// <exception cref="RefusedException"><c>JOB-0001</c>: its format cannot be written in place.</exception>
    internal static DiskImage OpenInPlace(ImageTransaction transaction)
    {
        var disk = DiskFormats.Open(transaction);
        if (disk.WhyNotInPlace is { } reason)
        {
            disk.Dispose();
            throw JobError.NotInPlace(transaction.ImagePath, reason);
        }

        return disk;
    }

    internal static EditResult Commit(ImageTransaction transaction, CancellationToken cancellation)
    {
        var result = transaction.Commit(cancellation);
        return new EditResult(result.BytesWritten, result.UndoFile);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _session.Dispose();
        _transaction.Dispose();
    }

    internal static void RequireSafe(GuestVolume volume)
    {
        if (volume.Condition?.WriteProblem is { } problem)
        {
            throw JobError.UnsafeVolume(volume.Description, problem);
        }
    }

    private static ImageEdit Open(string path, EditOptions options, bool isWritable, bool isTrial = false)
    {
        var transaction = options.OpenTransaction(path, isWritable && !isTrial);
        DiskImage? disk = null;
        try
        {
            options.Trace?.Invoke($"opening {path}");
            disk = isWritable ? OpenInPlace(transaction) : DiskFormats.Open(transaction);
            options.Trace?.Invoke($"opened: {disk.Format.ToString().ToLowerInvariant()}, {disk.Length} bytes");
            return new ImageEdit(transaction, ImageSession.Open(transaction, disk, options.Session), isWritable, isTrial);
        }
        catch
        {
            disk?.Dispose();
            transaction.Dispose();
            throw;
        }
    }

    private GuestVolume Choose(int? number)
    {
        var volumes = Machine.Volumes;
        if (number is { } wanted)
        {
            return volumes.FirstOrDefault(v => v.Number == wanted)
                ?? throw JobError.NoPartition(ImagePath, wanted, Machine.DescribeVolumes());
        }

        if (Machine.FoundWindows is { } windows)
        {
            return windows.Volume;
        }

        // A volume that cannot be read may be the one that is meant: another one is not taken in its place.
        var possible = volumes.Where(v => v.MayHoldWindowsFiles).ToList();
        return possible.Count == 1 ? possible[0]
            : volumes.Count == 1 ? volumes[0]
            : throw JobError.SeveralVolumes(ImagePath, Machine.DescribeVolumes());
    }
}
