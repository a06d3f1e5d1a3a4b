using Microsoft.Win32.SafeHandles;

namespace OfflinePatch.Core;

/// <summary>A host file that is only read: a driver disc, a package, an archive. Its length is the one it had when it was opened.</summary>
public sealed class HostFileDevice : BlockDevice
{
    private readonly SafeFileHandle _handle;

    private HostFileDevice(string path, SafeFileHandle handle)
    {
        Path = path;
        _handle = handle;
        Length = RandomAccess.GetLength(handle);
    }

    /// <summary>The path as it was given.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public override long Length { get; }

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <summary>Opens a host file for reading.</summary>
    /// <exception cref="HostIOException"><c>HOST-0001</c> missing, <c>HOST-0002</c> no permission, <c>HOST-0003</c> other.</exception>
    public static HostFileDevice Open(string path)
    {
        try
        {
            return new HostFileDevice(path, File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw HostFileError.Missing(path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw HostFileError.Denied(path, e);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException || (e is IOException and not ICodedError))
        {
            throw HostFileError.CannotRead(path, e);
        }
    }

    /// <summary>Opens a file that another file names, in the same folder: <paramref name="name"/> is not trusted and must be a plain name.</summary>
    /// <returns>Null when the name is not plain, or there is no such file (looked up without case).</returns>
    /// <exception cref="HostIOException">It exists and cannot be opened.</exception>
    public static HostFileDevice? OpenBeside(string path, string name)
    {
        if (name.Length == 0 || name is "." or ".." || name.AsSpan().IndexOfAny("/\\:\0") >= 0)
        {
            return null;
        }

        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path));
        if (folder is null)
        {
            return null;
        }

        var exact = System.IO.Path.Combine(folder, name);
        if (File.Exists(exact))
        {
            return Open(exact);
        }

        var match = Directory.EnumerateFiles(folder)
            .FirstOrDefault(f => string.Equals(System.IO.Path.GetFileName(f), name, StringComparison.OrdinalIgnoreCase));
        return match is null ? null : Open(match);
    }

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (buffer.Length > 0)
        {
            int count;
            try
            {
                count = RandomAccess.Read(_handle, buffer, offset);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw HostFileError.CannotRead(Path, e);
            }

            if (count == 0)
            {
                throw HostFileError.Shrank(Path, offset + buffer.Length);
            }

            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer) =>
        throw new UnsupportedImageException("HOST-0007", $"{Path} was opened for reading.");

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _handle.Dispose();
        }

        base.Dispose(disposing);
    }
}
