namespace OfflinePatch.Core.Hosting;

/// <summary>
/// A temporary directory that only this user may enter, below the directory of temporary files (<c>TMPDIR</c>). It is deleted with all that
/// is in it when it is disposed, and by <see cref="HostProcess.DeleteTemporaryFiles"/>.
/// </summary>
public sealed class PrivateFolder : IDisposable
{
    /// <param name="prefix">How its name begins.</param>
    /// <exception cref="HostIOException"><c>HOST-0020</c>: the host refused.</exception>
    /// <exception cref="OperationCanceledException">The process is about to end.</exception>
    public PrivateFolder(string prefix)
    {
        try
        {
            Path = Directory.CreateTempSubdirectory(prefix).FullName; // mode 0700
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            throw HostFileError.CannotCreateDirectory(System.IO.Path.GetTempPath(), e);
        }

        TemporaryFiles.AddFolder(Path);
    }

    /// <summary>Its full path.</summary>
    public string Path { get; }

    /// <summary>The full path of a file in it.</summary>
    /// <param name="name">The name of the file.</param>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Copies a file of the host into it.</summary>
    /// <param name="source">The file.</param>
    /// <param name="name">The name of the copy.</param>
    /// <param name="limit">Bytes of the longest file that is copied.</param>
    /// <exception cref="HostIOException">The file cannot be read, or the copy cannot be written.</exception>
    /// <exception cref="UnsupportedImageException"><c>CORE-0002</c>: the file is longer.</exception>
    public void Copy(string source, string name, int limit)
    {
        using var copy = new OutputFile(this[name], overwrite: false, isDurable: false);
        copy.Write(0, HostPaths.ReadSmallFile(source, limit));
        copy.Complete();
    }

    /// <inheritdoc/>
    public void Dispose() => TemporaryFiles.DeleteFolder(Path);
}
