namespace OfflinePatch.Core.Hosting;

/// <summary>The files of this machine.</summary>
internal sealed class HostStorage : IHostStorage
{
    public static HostStorage Instance { get; } = new();

    public bool Exists(string path) => File.Exists(path);

    public IHostHandle OpenRead(string path)
    {
        CheckRegularFile(path);
        return Open(path, FileMode.Open, FileAccess.Read, FileShare.Read);
    }

    public IHostHandle OpenExclusive(string path)
    {
        CheckRegularFile(path);
        if ((File.GetAttributes(path) & FileAttributes.ReadOnly) != 0)
        {
            throw CoreError.ReadOnlyFile(path, inner: null);
        }

        return Guard(path, FileAccess.ReadWrite, () => ForeignWriter.IsOpenForWriting(path))
            ? throw CoreError.OpenElsewhere(path)
            : Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
    }

    public IHostHandle Create(string path, bool isPrivate) =>
        Open(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, isPrivate);

    public void Rename(string path, string newPath) => Change(newPath, () => File.Move(path, newPath, overwrite: true));

    public void Delete(string path) => Change(path, () => File.Delete(path));

    public void FlushFolderOf(string path) => NativeFiles.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);

    private static void Change(string path, Action change)
    {
        try
        {
            change();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CoreError.CannotWrite(path, e);
        }
    }

    private static void CheckRegularFile(string path)
    {
        if (Directory.Exists(path))
        {
            throw CoreError.NotARegularFile(path);
        }

        if (!File.Exists(path))
        {
            throw CoreError.Missing(path);
        }
    }

    private static HostHandle Open(string path, FileMode mode, FileAccess access, FileShare share, bool isPrivate = false)
    {
        var options = new FileStreamOptions { Mode = mode, Access = access, Share = share, BufferSize = 0, Options = FileOptions.RandomAccess };
        if (isPrivate && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return Guard(path, access, () => new HostHandle(path, new FileStream(path, options)), mode == FileMode.Create);
    }

    /// <summary>Opens, and turns what the host says when it refuses into an error with a remedy.</summary>
    private static T Guard<T>(string path, FileAccess access, Func<T> open, bool isCreated = false)
    {
        try
        {
            return open();
        }
        catch (UnauthorizedAccessException e)
        {
            throw access == FileAccess.Read ? CoreError.CannotOpen(path, e) : CoreError.ReadOnlyFile(path, e);
        }
        catch (FileNotFoundException)
        {
            throw CoreError.Missing(path);
        }
        catch (IOException e) when (IsSharingViolation(e))
        {
            throw CoreError.Locked(path, e);
        }
        catch (IOException e) when (e is not HostIOException)
        {
            throw isCreated ? CoreError.CannotWrite(path, e) : CoreError.CannotOpen(path, e);
        }
    }

    // Windows: ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION. Elsewhere .NET maps EWOULDBLOCK of flock to the same text and to the raw errno.
    private static bool IsSharingViolation(IOException e) =>
        OperatingSystem.IsWindows()
            ? (e.HResult & 0xFFFF) is 32 or 33
            : e.HResult is 11 or 35 || (e.HResult & 0xFFFF) is 11 or 35 or 32;
}
