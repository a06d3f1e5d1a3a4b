using Microsoft.Win32.SafeHandles;

namespace OfflinePatch.Core.Hosting;

/// <summary>A file of this machine, read and written by offset.</summary>
internal sealed class HostHandle : IHostHandle
{
    private readonly FileStream _stream;
    private readonly SafeFileHandle _handle;
    private SafeFileHandle? _direct; // the same file, opened past the cache once it is wanted
    private bool _hasNoDirect;

    public HostHandle(string path, FileStream stream)
    {
        Path = System.IO.Path.GetFullPath(path);
        _stream = stream;
        _handle = stream.SafeFileHandle;
        Length = RandomAccess.GetLength(_handle);
    }

    public string Path { get; }

    // The file is ours while it is open, so its length is what we made it: no system call per read.
    public long Length { get; private set; }

    public DateTime LastWriteTimeUtc
    {
        get => File.GetLastWriteTimeUtc(_handle);
        set => File.SetLastWriteTimeUtc(_handle, value);
    }

    public void Read(long offset, Span<byte> buffer)
    {
        try
        {
            while (buffer.Length > 0)
            {
                var read = RandomAccess.Read(_handle, buffer, offset);
                if (read == 0)
                {
                    throw CoreError.CutShort(Path, offset);
                }

                offset += read;
                buffer = buffer[read..];
            }
        }
        catch (IOException e) when (e is not HostIOException)
        {
            throw CoreError.CannotRead(Path, e);
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        try
        {
            RandomAccess.Write(_handle, buffer, offset);
            Length = Math.Max(Length, offset + buffer.Length);
        }
        catch (IOException e)
        {
            throw CoreError.CannotWrite(Path, e);
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

        try
        {
            RandomAccess.Write(_direct, buffer, offset);
            return true;
        }
        catch (IOException)
        {
            // A file system that takes the flag and refuses the write. A medium that fails says so again when the cache is written.
            _hasNoDirect = true;
            return false;
        }
    }

    public void SetLength(long length)
    {
        try
        {
            RandomAccess.SetLength(_handle, length);
            Length = length;
        }
        catch (IOException e)
        {
            throw CoreError.CannotWrite(Path, e);
        }
    }

    public void Flush()
    {
        try
        {
            RandomAccess.FlushToDisk(_handle);
        }
        catch (IOException e)
        {
            throw CoreError.CannotWrite(Path, e);
        }
    }

    public void Prefetch(long offset, long length) => NativeFiles.Prefetch(_handle, offset, length);

    public void BeginFlush(long offset, long length) => NativeFiles.BeginFlush(_handle, offset, length);

    public DeviceExtent GetExtent(long offset) => NativeFiles.GetExtent(_handle, offset, Length);

    public void Dispose()
    {
        _direct?.Dispose();
        _stream.Dispose();
    }
}
