namespace OfflinePatch.Core.Hosting;

/// <summary>A temporary file without a name, or one that the host deletes on close: nothing remains, even after a kill.</summary>
internal sealed class SpillFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly string _shownPath; // it has no name of its own any more

    public SpillFile(string folder)
    {
        _shownPath = $"A temporary file in {folder} (TMPDIR)";
        var path = Path.Combine(folder, $"offlinepatch-{Guid.NewGuid():N}.tmp");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Delete,
            BufferSize = 0,
            Options = FileOptions.DeleteOnClose | FileOptions.RandomAccess,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            _stream = new FileStream(path, options);
            if (!OperatingSystem.IsWindows())
            {
                File.Delete(path);
            }
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotCreate(path, e);
        }
    }

    public void Read(long offset, Span<byte> buffer)
    {
        try
        {
            var read = 0;
            while (read < buffer.Length)
            {
                var count = HostTransfer.Read(_stream.SafeFileHandle, buffer[read..], offset + read);
                if (count == 0)
                {
                    buffer[read..].Clear(); // a block that was never written
                    return;
                }

                read += count;
            }
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotRead(_shownPath, e);
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        try
        {
            HostTransfer.Write(_stream.SafeFileHandle, buffer, offset);
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotWrite(_shownPath, e);
        }
    }

    public void Dispose() => _stream.Dispose();
}
