using Microsoft.Win32.SafeHandles;

namespace OfflinePatch.Core.Hosting;

/// <summary>
/// A file of this machine, read and written by offset. Whatever the host refuses, with whatever error, is a <see cref="HostIOException"/>.
/// </summary>
internal sealed class HostHandle : IHostHandle
{
    private readonly SafeFileHandle _handle;
    private readonly string _shownPath; // in errors: the name that a new file gets once it is complete
    private readonly FileStream? _stream; // of a new file: .NET gives it its mode
    private ForeignUse _foreignUse;
    private SafeFileHandle? _direct; // the same file, opened past the cache once it is wanted
    private bool _hasNoDirect;

    public HostHandle(string path, SafeFileHandle handle, ForeignUse foreignUse)
    {
        Path = System.IO.Path.GetFullPath(path);
        _shownPath = Path;
        _handle = handle;
        _foreignUse = foreignUse;
        Length = RandomAccess.GetLength(_handle);
    }

    private HostHandle(string path, FileStream stream, string shownPath)
        : this(path, stream.SafeFileHandle, ForeignUse.None)
    {
        _stream = stream;
        _shownPath = shownPath;
    }

    public string Path { get; }

    // The file is ours while it is open, so its length is what we made it: no system call per read.
    public long Length { get; private set; }

    public HostFileStatus GetStatus() => Try(() => NativeStatus.Read(Path, _handle), ImageFileError.CannotRead);

    public bool TrySetWriteTime(FileTimestamp time) => NativeStatus.TrySetWriteTime(_handle, time);

    public bool TryReserve(long offset, long length) => NativeRoom.TryReserve(Path, _handle, offset, length);

    public bool TryPunchHole(long offset, long length) => NativeRoom.TryPunchHole(_handle, offset, length);

    /// <summary>The handle of a new file.</summary>
    public static HostHandle Own(string path, FileStream stream, string shownPath) => new(path, stream, shownPath);

    public bool MayHaveOtherWriter => _foreignUse == ForeignUse.Unknown;

    public void CheckNoOtherWriter()
    {
        _foreignUse = ForeignWriter.LookAgain(_handle, Path);
        if (_foreignUse == ForeignUse.Writer)
        {
            throw ImageFileError.OpenElsewhere(Path);
        }
    }

    public void Read(long offset, Span<byte> buffer)
    {
        using var activity = RunActivity.Transfer("read", _shownPath, offset, buffer.Length);
        try
        {
            while (buffer.Length > 0)
            {
                var read = HostTransfer.Read(_handle, buffer, offset);
                if (read == 0)
                {
                    throw ImageFileError.CutShort(_shownPath, offset);
                }

                offset += read;
                buffer = buffer[read..];
            }
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotRead(_shownPath, e);
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        using var activity = RunActivity.Transfer("write", _shownPath, offset, buffer.Length);
        try
        {
            HostTransfer.Write(_handle, buffer, offset);
            Length = Math.Max(Length, offset + buffer.Length);
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotWrite(_shownPath, e);
        }
    }

    public bool TryWriteDirect(long offset, ReadOnlySpan<byte> buffer)
    {
        if (_hasNoDirect || !NativeFiles.IsAligned(offset, buffer) || offset + buffer.Length > Length)
        {
            return false;
        }

        _direct ??= NativeFiles.OpenDirect(Path);
        if (_direct is null)
        {
            _hasNoDirect = true;
            return false;
        }

        using var activity = RunActivity.Transfer("write", _shownPath, offset, buffer.Length);
        try
        {
            HostTransfer.Write(_direct, buffer, offset);
            return true;
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            // The file system accepts the flag but refuses the write. A failing medium reports the error again when the cache is flushed.
            _hasNoDirect = true;
            return false;
        }
    }

    public void SetLength(long length)
    {
        Try(() => RandomAccess.SetLength(_handle, length), ImageFileError.CannotWrite);
        Length = length;
    }

    public void Flush()
    {
        using var activity = RunActivity.Transfer("flush", _shownPath);
        Try(() => RandomAccess.FlushToDisk(_handle), ImageFileError.CannotWrite);
    }

    public void Prefetch(long offset, long length) => NativeFiles.Prefetch(_handle, offset, length);

    public void BeginFlush(long offset, long length) => NativeFiles.BeginFlush(_handle, offset, length);

    public DeviceExtent GetExtent(long offset) => NativeFiles.GetExtent(_handle, offset, Length);

    public void Dispose()
    {
        _direct?.Dispose();
        Close(_handle);
        _stream?.Dispose();
    }

    /// <summary>Closes a file, so that it is not found locked afterwards.</summary>
    public static void Close(SafeFileHandle handle)
    {
        if (!OperatingSystem.IsWindows())
        {
            NativeOpen.GiveLocksBack(handle);
        }

        handle.Dispose();
    }

    private void Try(Action operation, Func<string, Exception, HostIOException> error) => Try(() =>
    {
        operation();
        return true;
    }, error);

    private T Try<T>(Func<T> operation, Func<string, Exception, HostIOException> error)
    {
        try
        {
            return operation();
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            throw error(_shownPath, e);
        }
    }
}
