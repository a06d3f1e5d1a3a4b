using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.Ntfs;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary>One volume of an image, for the <c>fs</c> commands: opened through a transaction, written back all or nothing.</summary>
internal sealed class FsImage : IDisposable
{
    private readonly ImageTransaction _transaction;
    private readonly ImageSession _session;
    private readonly string _path;

    private FsImage(string path, ImageTransaction transaction, ImageSession session, GuestVolume volume)
    {
        _path = path;
        _transaction = transaction;
        _session = session;
        Volume = volume;
    }

    /// <summary>The volume.</summary>
    public GuestVolume Volume { get; }

    /// <summary>Its files.</summary>
    public IFileSystem Files => Volume.Files is RecordingFileSystem recording ? recording.Inner : Volume.RequireFiles();

    /// <summary>Its files, to be changed.</summary>
    public IWritableFileSystem Writable => Files as IWritableFileSystem ?? Volume.RequireWritable();

    /// <summary>Opens the volume that the options name: <c>--partition N</c>, else the one with Windows, else the only one.</summary>
    /// <exception cref="RefusedException"><c>FS-0001</c>: writing is asked for, and the volume's state speaks against it.</exception>
    public static FsImage Open(string path, FsOptions options, ParseResult result, bool write)
    {
        var transaction = ImageTransaction.Open(path, new TransactionOptions
        {
            Writable = write,
            AllowParents = options.AllowBacking(result),
            UndoFolder = write ? options.UndoFolder(result) : null,
            KeepUndo = true,
        });
        ImageSession? session = null;
        try
        {
            var disk = DiskFormats.Open(transaction);
            if (write && disk.WhyNotInPlace is { } reason)
            {
                disk.Dispose();
                throw new RefusedException("FS-0003", $"{path} is not written in place: {reason}", "Convert it first: offlinepatch convert IN -o OUT.");
            }

            session = ImageSession.Open(transaction, disk, new SessionOptions());
            var volume = Choose(session, options.Partition(result), path);
            if (volume.Files is null)
            {
                throw volume.Failure ?? new UnsupportedImageException("FS-0004", $"{volume.Description} of {path} has no file system that is known.");
            }

            if (write)
            {
                RefuseUnsafe(volume);
            }

            return new FsImage(path, transaction, session, volume);
        }
        catch
        {
            session?.Dispose();
            transaction.Dispose();
            throw;
        }
    }

    /// <summary>Flushes and checks the volume, then writes the image. Says where the undo file is.</summary>
    /// <exception cref="CorruptImageException"><c>FS-0002</c>: the check found something; nothing was written.</exception>
    public void Commit(CancellationToken cancellation)
    {
        Writable.Flush();
        var finding = Files switch
        {
            NtfsVolume ntfs => ntfs.CheckTouched().FirstOrDefault(f => f.Severity == FindingSeverity.Error)?.ToString(),
            FatFileSystem fat => fat.Check().FirstOrDefault(f => f.IsError) is { } f ? $"{f.Code} {f.Path}: {f.Message}" : null,
            _ => null,
        };
        if (finding is not null)
        {
            throw new CorruptImageException("FS-0002", Volume.Description, -1, "a volume without findings after the change", finding,
                "Nothing was written. Run offlinepatch fs check on the image; a volume that was damaged before needs chkdsk in the source machine.");
        }

        _session.Machine.Disk.Flush();
        if (_transaction.Commit(cancellation).UndoFile is { } undo)
        {
            Output.Message($"`offlinepatch undo {_path}` takes this back ({undo})");
        }
    }

    public void Dispose()
    {
        _session.Dispose();
        _transaction.Dispose();
    }

    private static GuestVolume Choose(ImageSession session, int? number, string path)
    {
        if (number is { } wanted)
        {
            return session.Machine.Volumes.FirstOrDefault(v => v.Number == wanted)
                ?? throw new UnsupportedImageException("FS-0005", $"{path} has no partition {wanted}; it has {Describe(session)}.");
        }

        if (session.Machine.FoundWindows is { } windows)
        {
            return windows.Volume;
        }

        var readable = session.Machine.Volumes.Where(v => v.Files is not null).ToList();
        return readable.Count == 1 ? readable[0]
            : session.Machine.Volumes.Count == 1 ? session.Machine.Volumes[0]
            : throw new UnsupportedImageException("FS-0006", $"{path} holds no Windows installation, and several volumes: {Describe(session)}.", "Name one with --partition N.");
    }

    private static string Describe(ImageSession session) =>
        session.Machine.Volumes.Count == 0 ? "none" : string.Join(", ", session.Machine.Volumes.Select(v => v.Label is null ? v.Description : $"{v.Description} \"{v.Label}\""));

    private static void RefuseUnsafe(GuestVolume volume)
    {
        if (volume.Condition is not { } condition)
        {
            return;
        }

        var problem = condition.IsDirty ? "the volume is marked dirty" : condition.LogProblem ?? condition.HibernationProblem;
        if (problem is not null)
        {
            throw new RefusedException("FS-0001", $"{volume.Description}: {problem.TrimEnd('.')}.",
                "Start the source machine, run chkdsk /f where it asks for it, shut it down with `shutdown /s /t 0`, and export it again.");
        }

        if (condition.HasShadowCopies)
        {
            Output.Message($"{volume.Description} holds shadow copies; they become inconsistent where files are written");
        }
    }
}
