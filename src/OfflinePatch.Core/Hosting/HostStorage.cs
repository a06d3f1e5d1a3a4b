using Microsoft.Win32.SafeHandles;

namespace OfflinePatch.Core.Hosting;

/// <summary>
/// The files of this machine. Only files with content are opened: a pipe, a socket, a device and a directory are refused by name, and never
/// opened. Whether a file may be written is not asked, it is tried: permissions are more than mode bits.
/// </summary>
internal sealed class HostStorage : IHostStorage
{
    private readonly HostState _state = new(HostState.DefaultFolder());

    public static HostStorage Instance { get; } = new();

    public bool Exists(string path) => File.Exists(path);

    public bool IsTaken(string path) => Path.Exists(path);

    public IHostHandle OpenRead(string path) => Open(path, FileAccess.Read, followLinks: true);

    public IHostHandle OpenExclusive(string path) => OpenToWrite(path, followLinks: true);

    public IHostHandle OpenPlain(string path, bool exclusive) =>
        exclusive ? OpenToWrite(path, followLinks: false) : Open(path, FileAccess.Read, followLinks: false);

    public IHostHandle OpenOwn(string path, bool writable) =>
        new HostHandle(path, OpenHandle(path, writable, followLinks: false, FileShare.ReadWrite | FileShare.Delete), ForeignUse.None);

    public IReadOnlyCollection<string> NamesWith(string folder, string text)
    {
        try
        {
            return new HashSet<string>(Directory.EnumerateFiles(folder, $"*{text}*").Select(p => Path.GetFileName(p)),
                StringComparer.Ordinal);
        }
        catch (UnauthorizedAccessException)
        {
            return []; // a folder that may be entered and not listed
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotRead(folder, e); // "no undo file" would be a guess
        }
    }

    public void CreateFolderOf(string path) => Change(path, () => HostState.CreatePrivateFolder(Path.GetDirectoryName(path)!));

    public string? StateFolder => _state.Folder;

    public byte[]? Secret => _state.ReadSecret();

    public byte[]? EnsureSecret() => _state.EnsureSecret();

    public IHostHandle Create(string path, bool isPrivate) =>
        CreateNew(path, isPrivate ? UnixFileMode.UserRead | UnixFileMode.UserWrite : null, replace: true, path);

    /// <summary>Creates an empty file under a name that is not taken; a link of that name is neither followed nor replaced.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mode">Its permissions, narrowed by the umask; null for what the host gives new files.</param>
    /// <param name="finalPath">The name that it gets later, for messages.</param>
    public static IHostHandle CreateNew(string path, UnixFileMode? mode, string finalPath) =>
        CreateNew(path, mode, replace: false, finalPath);

    /// <summary>
    /// Creates a file without a name in the folder of a path, or null where the host cannot. Its <see cref="IHostHandle.Path"/> is good for
    /// this process only.
    /// </summary>
    /// <param name="finalPath">The path that it gets once it is complete: errors name that one.</param>
    /// <param name="mode">Who may read it; null for whom the host lets read new files.</param>
    public static IHostHandle? CreateUnnamed(string finalPath, UnixFileMode? mode)
    {
        const UnixFileMode everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
            | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if (!OperatingSystem.IsLinux()
            || NativeFiles.CreateUnnamed(Path.GetDirectoryName(finalPath)!, mode ?? everybody, out var path) is not { } handle)
        {
            return null;
        }

        NativeOpen.TryLock(handle, exclusive: true); // as a file with a name is: it may get a temporary one
        return HostHandle.Own(path, new FileStream(handle, FileAccess.ReadWrite, bufferSize: 0), finalPath);
    }

    /// <summary>
    /// Deletes temporary files whose writers were killed: regular files of this user with one name that no process holds. Anything else
    /// stays, and nothing of it is an error.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="isMeant">Which names are meant.</param>
    public static void DeleteAbandoned(string folder, Predicate<string> isMeant)
    {
        try
        {
            foreach (var name in Directory.EnumerateFiles(folder).Select(Path.GetFileName).Where(n => isMeant(n!)).ToList())
            {
                DeleteAbandoned(Path.Combine(folder, name!));
            }
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            // The folder cannot be listed: leftovers in it do no harm.
        }
    }

    private static void DeleteAbandoned(string path)
    {
        try
        {
            using (var handle = Open(path, FileAccess.ReadWrite, followLinks: false))
            {
                if (handle.GetStatus() is not { Links: 1, IsOwnedByCaller: true })
                {
                    return;
                }
            }

            File.Delete(path);
        }
        catch (Exception e) when (e is HostIOException or RefusedException || HostErrors.IsOfHost(e))
        {
            // Another run writes it, or the host refuses: it does no harm.
        }
    }

    public void Rename(string path, string newPath) => Change(newPath, () => File.Move(path, newPath, overwrite: true));

    public void Delete(string path) => Change(path, () => File.Delete(path));

    public void FlushFolderOf(string path) => NativeFiles.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);

    /// <summary>Requires that no other program has a file open for writing; one that reads it is no reason.</summary>
    public static void RequireNoWriter(string path)
    {
        using var look = OpenHandle(path, writable: false, followLinks: true, share: FileShare.ReadWrite | FileShare.Delete);
        if (ForeignWriter.IsWritten(look))
        {
            throw ImageFileError.OpenElsewhere(path);
        }
    }

    private static void Change(string path, Action change)
    {
        try
        {
            change();
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotWrite(path, e);
        }
    }

    private static HostHandle OpenToWrite(string path, bool followLinks)
    {
        ForeignUse use;
        var look = OpenHandle(path, writable: false, followLinks, share: FileShare.ReadWrite | FileShare.Delete);
        try
        {
            // Another run of this program has it locked; every other writer is found by the check.
            if (!OperatingSystem.IsWindows() && !NativeOpen.TryLock(look, exclusive: false))
            {
                throw ImageFileError.Locked(path, inner: null);
            }

            use = ForeignWriter.Look(look);
        }
        finally
        {
            HostHandle.Close(look);
        }

        return use == ForeignUse.Writer ? throw ImageFileError.OpenElsewhere(path) : Open(path, FileAccess.ReadWrite, followLinks, use);
    }

    private static HostHandle Open(string path, FileAccess access, bool followLinks, ForeignUse use = ForeignUse.None)
    {
        var writable = access != FileAccess.Read;
        var handle = OpenHandle(path, writable, followLinks, writable ? FileShare.None : FileShare.Read);
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                if (!NativeOpen.TryLock(handle, exclusive: writable))
                {
                    throw ImageFileError.Locked(path, inner: null);
                }

                NativeFiles.ExpectRandomAccess(handle);
            }

            if (writable && OperatingSystem.IsLinux())
            {
                QemuLocks.Take(handle);
            }

            return new HostHandle(path, handle, use);
        }
        catch
        {
            HostHandle.Close(handle);
            throw;
        }
    }

    private static SafeFileHandle OpenHandle(string path, bool writable, bool followLinks, FileShare share)
    {
        if (!OperatingSystem.IsWindows())
        {
            return NativeOpen.Open(Path.GetFullPath(path), writable, followLinks, out var error, out var type)
                ?? throw WhyNotOpened(path, writable, followLinks, error, type);
        }

        if (Directory.Exists(path))
        {
            throw ImageFileError.NotARegularFile(path, HostFileType.Directory);
        }

        if (!followLinks && File.Exists(path) && (File.GetAttributes(path) & FileAttributes.ReparsePoint) != 0)
        {
            throw ImageFileError.LinkNotFollowed(path);
        }

        return Guard(path, writable, () =>
        {
            var handle =
                File.OpenHandle(path, FileMode.Open, writable ? FileAccess.ReadWrite : FileAccess.Read, share, FileOptions.RandomAccess);
            try
            {
                _ = RandomAccess.GetLength(handle);
            }
            catch (NotSupportedException)
            {
                handle.Dispose();
                throw ImageFileError.NotARegularFile(path, HostFileType.Unknown);
            }

            return handle;
        });
    }

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static Exception WhyNotOpened(string path, bool writable, bool followLinks, int error, HostFileType type)
    {
        if (type == HostFileType.Missing || (error is UnixError.NoEntry or UnixError.NotADirectory))
        {
            return ImageFileError.Missing(path);
        }

        if (type == HostFileType.Link || (error == UnixError.Loop && !followLinks))
        {
            return ImageFileError.LinkNotFollowed(path);
        }

        if (error is 0 or UnixError.IsADirectory or UnixError.NoDevice)
        {
            return ImageFileError.NotARegularFile(path, error == UnixError.IsADirectory ? HostFileType.Directory : type);
        }

        var text = UnixError.Text(error);
        if (error == UnixError.TryAgain)
        {
            return ImageFileError.Locked(path, inner: null);
        }

        // Which permission is missing: the one to write it, or the one to open it at all?
        if (writable && error is UnixError.AccessDenied or UnixError.NotPermitted or UnixError.ReadOnlyFileSystem)
        {
            using var readable = NativeOpen.Open(Path.GetFullPath(path), writable: false, followLinks, out _, out _);
            if (readable is not null || error == UnixError.ReadOnlyFileSystem)
            {
                return ImageFileError.ReadOnlyFile(path, text, onReadOnlyMount: error == UnixError.ReadOnlyFileSystem);
            }
        }

        return ImageFileError.CannotOpen(path, text, error is UnixError.AccessDenied or UnixError.NotPermitted);
    }

    private static HostHandle CreateNew(string path, UnixFileMode? mode, bool replace, string shownPath) =>
        Guard(shownPath, writable: true, () =>
    {
        var options = new FileStreamOptions
        {
            // O_EXCL: the name is new, so no link of that name can lead elsewhere.
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 0,
            Options = FileOptions.RandomAccess,
        };
        if (mode is { } permissions && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = permissions;
        }

        while (true)
        {
            try
            {
                return HostHandle.Own(path, new FileStream(path, options), shownPath);
            }
            catch (IOException) when (replace && File.Exists(path))
            {
                File.Delete(path);
                replace = false;
            }
        }
    }, isCreated: true);

    /// <summary>Opens, and turns what the host says when it refuses into an error with a remedy.</summary>
    private static T Guard<T>(string path, bool writable, Func<T> open, bool isCreated = false)
    {
        try
        {
            return open();
        }
        catch (Exception e) when (isCreated && HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotCreate(path, e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw writable ? ImageFileError.ReadOnlyFile(path, e.Message, onReadOnlyMount: false)
                : ImageFileError.CannotOpen(path, e.Message);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw ImageFileError.Missing(path);
        }
        catch (IOException e) when ((e.HResult & 0xFFFF) is 32 or 33) // ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION of Windows
        {
            throw ImageFileError.Locked(path, e);
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotOpen(path, e.Message);
        }
    }
}
