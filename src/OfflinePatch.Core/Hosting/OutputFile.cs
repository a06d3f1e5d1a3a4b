using System.Text;

namespace OfflinePatch.Core.Hosting;

/// <summary>
/// A new host file in its final folder, without a name where the host can make such files, else under a temporary one. It gets its final
/// name in one step, once it is complete; until then, and after an error or a cancellation, there is no file of that name. A temporary
/// name is random and new: a link that waits there is never written through. What a run that was killed left under a temporary name is
/// deleted by the next one that completes a file of the same name.
/// </summary>
public sealed class OutputFile : ResizableDevice
{
    private const int DirectLeast = 256 * 1024;
    private const long FlushStep = 32L * 1024 * 1024;
    private const string Ending = ".offlinepatch-part";
    private const int RandomDigits = 32; // hexadecimal, before the ending
    private const int NameLimit = 150; // bytes of the final name in the temporary one: names of hosts end at 255 bytes

    private readonly string _path;
    private readonly string _temporaryStem; // what its temporary names begin with
    private readonly string _temporaryPath;
    private readonly bool _overwrite;
    private readonly bool _isUnnamed;
    private readonly bool _isDurable;
    private IHostHandle? _handle;
    private long _flushedTo;
    private long _written; // bytes through the host's cache
    private long _unflushed; // bytes, holes not counted
    private Task _flushing = Task.CompletedTask;

    /// <param name="path">The final path.</param>
    /// <param name="overwrite">Whether a file of that name may be replaced.</param>
    /// <param name="access">Who may read it; null for whom the host lets read new files.</param>
    /// <param name="isDurable">Whether <see cref="Complete"/> returns only once the file is on the medium; small files of many need not
    /// be.</param>
    /// <exception cref="RefusedException"><c>CORE-0040</c>: the file exists.</exception>
    /// <exception cref="HostIOException">The host refused.</exception>
    public OutputFile(string path, bool overwrite, OutputAccess? access = null, bool isDurable = true)
    {
        CheckFree(path, overwrite);
        _path = Path.GetFullPath(path);
        _isDurable = isDurable;
        var name = Path.GetFileName(_path);
        _temporaryStem = Encoding.UTF8.GetByteCount(name) > NameLimit ? "." : name + ".";
        _temporaryPath = Path.Combine(Path.GetDirectoryName(_path) ?? "", $"{_temporaryStem}{Guid.NewGuid():N}{Ending}");
        _overwrite = overwrite;
        _handle = HostStorage.CreateUnnamed(_path, access?.Mode);
        _isUnnamed = _handle is not null;
        if (_handle is null)
        {
            _handle = HostStorage.CreateNew(_temporaryPath, access?.Mode, _path);
            TemporaryFiles.Add(_temporaryPath);
        }
    }

    /// <summary>Refuses a path that is taken, for callers that check before the work.</summary>
    /// <exception cref="RefusedException"><c>CORE-0040</c>: the file exists.</exception>
    public static void CheckFree(string path, bool overwrite)
    {
        if (!overwrite && HostStorage.Instance.Exists(Path.GetFullPath(path)))
        {
            throw ImageFileError.OutputExists(path);
        }
    }

    /// <summary>
    /// Tries whether a file of this path can be made, and leaves nothing: asked before work whose result could not be kept.
    /// </summary>
    /// <exception cref="RefusedException"><c>CORE-0040</c>: the file exists.</exception>
    /// <exception cref="HostIOException"><c>CORE-0034</c>: the folder is missing, or the host refuses to make a file in it.
    /// <c>CORE-0011</c>: the path is a directory.</exception>
    public static void CheckWritable(string path, bool overwrite)
    {
        if (HostPaths.IsDirectory(path))
        {
            throw ImageFileError.NotARegularFile(path, HostFileType.Directory);
        }

        new OutputFile(path, overwrite).Dispose();
    }

    /// <summary>Bytes that go through the host's cache before large writes bypass it.</summary>
    internal long CachedMost { get; init; } = 4L * 1024 * 1024 * 1024;

    /// <inheritdoc/>
    public override long Length => Handle.Length;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    private IHostHandle Handle => _handle ?? throw new ObjectDisposedException(nameof(OutputFile));

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        Handle.Read(offset, buffer);
    }

    /// <summary>Writes at an offset; past the end the file grows, with a hole between.</summary>
    public override void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        // A large file would evict all else from the host's cache, and wait for its flush at the end. Up to some GiB the cache is faster:
        // measured 0.66 of the time for 1 GiB, 0.85 for 4.
        if (_written >= CachedMost && buffer.Length >= DirectLeast && Handle.TryWriteDirect(offset, buffer))
        {
            return;
        }

        Handle.Write(offset, buffer);
        _written += buffer.Length;
        _unflushed += buffer.Length;
        if (_isDurable && _unflushed >= FlushStep && offset >= _flushedTo && _flushing.IsCompleted)
        {
            BeginFlush(Handle, offset + buffer.Length);
        }
    }

    /// <inheritdoc/>
    public override void SetLength(long length) => Handle.SetLength(length);

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset)
    {
        CheckRange(offset, 1);
        return Handle.GetExtent(offset);
    }

    /// <summary>Gives the file its final name, and first makes the content durable.</summary>
    /// <exception cref="HostIOException">The host refused; there is no file of the final name, or the one that was there.</exception>
    public void Complete()
    {
        _flushing.Wait();
        if (_isDurable)
        {
            Handle.Flush();
        }

        var isNamed = _isUnnamed && NameUnnamed();
        Handle.Dispose();
        _handle = null;
        if (!isNamed)
        {
            MoveIntoPlace();
        }

        if (_isDurable)
        {
            HostStorage.Instance.FlushFolderOf(_path);
            HostStorage.DeleteAbandoned(Path.GetDirectoryName(_path) ?? "", IsTemporaryOfThis);
        }
    }

    /// <summary>Whether a name is one that another run may have given to this file while it was not complete.</summary>
    private bool IsTemporaryOfThis(string name) => name.Length == _temporaryStem.Length + RandomDigits + Ending.Length
        && name.StartsWith(_temporaryStem, StringComparison.Ordinal) && name.EndsWith(Ending, StringComparison.Ordinal)
        && Guid.TryParseExact(name.AsSpan(_temporaryStem.Length, RandomDigits), "N", out _);

    private void MoveIntoPlace()
    {
        try
        {
            HostStorage.Instance.Rename(_temporaryPath, _path);
        }
        catch
        {
            HostStorage.Instance.Delete(_temporaryPath);
            throw;
        }
        finally
        {
            TemporaryFiles.Remove(_temporaryPath);
        }
    }

    /// <summary>
    /// Gives a file without a name its final one and returns true, where nothing has that yet; else the temporary one, to be moved over
    /// what is there.
    /// </summary>
    private bool NameUnnamed()
    {
        if (TryName(_path))
        {
            return true;
        }

        if (!_overwrite)
        {
            throw ImageFileError.OutputExists(_path);
        }

        TemporaryFiles.Add(_temporaryPath);
        TryName(_temporaryPath);
        return false;
    }

    private bool TryName(string name)
    {
        try
        {
            return NativeFiles.TryAddName(Handle.Path, name);
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotCreate(_path, e);
        }
    }

    /// <summary>
    /// Most files are written from start to end. What is written is flushed while the rest is still being made, so that
    /// <see cref="Complete"/> has little to wait for. The call may wait for room in the device's queue, hence on another thread.
    /// </summary>
    private void BeginFlush(IHostHandle handle, long end)
    {
        var start = _flushedTo;
        _flushedTo = end;
        _unflushed = 0;
        _flushing = Task.Run(() => handle.BeginFlush(start, end - start));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && _handle is not null)
        {
            _flushing.Wait();
            _handle.Dispose();
            _handle = null;
            if (!_isUnnamed)
            {
                HostStorage.Instance.Delete(_temporaryPath);
                TemporaryFiles.Remove(_temporaryPath);
            }
        }

        base.Dispose(disposing);
    }
}
