namespace OfflinePatch.Core.Hosting;

/// <summary>
/// A host file as a device that is only read: an image below a transaction's overlay, a driver disc, a package, an archive.
/// </summary>
public sealed class HostFileDevice : BlockDevice
{
    private readonly IHostHandle _handle;
    private readonly bool _ownsHandle;

    internal HostFileDevice(IHostHandle handle, bool ownsHandle)
    {
        _handle = handle;
        _ownsHandle = ownsHandle;
    }

    /// <summary>The full path.</summary>
    public string Path => _handle.Path;

    /// <inheritdoc/>
    public override long Length => _handle.Length;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <summary>Opens a host file for reading.</summary>
    /// <exception cref="HostIOException"><c>CORE-0010</c> missing, <c>CORE-0011</c> not a file, <c>CORE-0015</c> cannot be
    /// opened.</exception>
    public static HostFileDevice Open(string path) => new(HostStorage.Instance.OpenRead(path), ownsHandle: true);

    /// <summary>
    /// Opens a file that another file names, in the same folder: <paramref name="name"/> is not trusted and must be a plain name.
    /// </summary>
    /// <returns>Null when the name is not plain, or there is no such file (looked up without case).</returns>
    /// <exception cref="HostIOException">It exists and cannot be opened.</exception>
    /// <exception cref="RefusedException"><c>CORE-0033</c>: it is a link.</exception>
    public static HostFileDevice? OpenBeside(string path, string name)
    {
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path));
        if (folder is null || !HostNames.IsPlain(name))
        {
            return null;
        }

        var exact = System.IO.Path.Combine(folder, name);
        if (!File.Exists(exact))
        {
            exact = Directory.EnumerateFiles(folder)
                .FirstOrDefault(f => string.Equals(System.IO.Path.GetFileName(f), name, StringComparison.OrdinalIgnoreCase));
        }

        // The name is another file's, so a link of that name could lead anywhere.
        return exact is null ? null : new HostFileDevice(HostStorage.Instance.OpenPlain(exact, exclusive: false), ownsHandle: true);
    }

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        _handle.Read(offset, buffer);
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer) => throw CoreError.NotWritable();

    /// <inheritdoc/>
    public override void Prefetch(long offset, long length) => _handle.Prefetch(offset, length);

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset)
    {
        CheckRange(offset, 1);
        return _handle.GetExtent(offset);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && _ownsHandle)
        {
            _handle.Dispose();
        }

        base.Dispose(disposing);
    }
}
