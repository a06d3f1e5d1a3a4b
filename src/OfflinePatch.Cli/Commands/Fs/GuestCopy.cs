using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary>Files of a volume as files of this machine: holes stay holes, and what cannot be copied is listed and left out.</summary>
/// <param name="files">The volume.</param>
/// <param name="access">Who may read the copies.</param>
/// <param name="cancellation">Ends it between two blocks.</param>
internal sealed class GuestCopy(IFileSystem files, OutputAccess? access, CancellationToken cancellation)
{
    private readonly List<LeftOutReport> _leftOut = [];

    /// <summary>Files that were copied.</summary>
    public int Copied { get; private set; }

    /// <summary>What was left out.</summary>
    public IReadOnlyList<LeftOutReport> LeftOut => _leftOut;

    /// <summary>Copies one file under a new name. Returns the exit code.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="HostIOException">The host failed.</exception>
    public int RunFile(string path, string target)
    {
        using var content = files.OpenRead(GuestPath.Normalize(path));
        Write(content, target);
        Output.HasChanged = true;
        return ExitCode.Done;
    }

    /// <summary>
    /// Copies what the paths name into a directory of this machine. Returns the exit code: 2 where something was left out.
    /// </summary>
    /// <exception cref="HostIOException">The host failed.</exception>
    public int Run(IEnumerable<string> paths, string directory)
    {
        var found = paths.SelectMany(p => GuestPath.Expand(files, p)).ToList();
        HostPaths.CreateDirectory(directory);
        Output.HasChanged = true;
        foreach (var (path, entry) in found)
        {
            if (path.Length == 0)
            {
                CopyDirectory(path, directory);
            }
            else
            {
                CopyEntry(path, FilePath.NameOf(path), entry, directory);
            }
        }

        return _leftOut.Count == 0 ? ExitCode.Done : ExitCode.Unreadable;
    }

    private void CopyEntry(string path, string name, FileEntry entry, string directory)
    {
        cancellation.ThrowIfCancellationRequested();
        string target;
        try
        {
            target = Path.Combine(directory, GuestPath.HostName(name));
        }
        catch (RefusedException e)
        {
            LeaveOut(path, e);
            return;
        }

        if (entry.IsDirectory)
        {
            CopyDirectory(path, target);
        }
        else
        {
            CopyFile(path, target);
        }
    }

    private void CopyDirectory(string path, string target)
    {
        // A link in place of the directory would lead the copies elsewhere.
        if (path.Length > 0 && HostPaths.IsLink(target))
        {
            LeaveOut(path, new RefusedException("FS-0011", $"{target} is a link, and is not followed."));
            return;
        }

        List<FileEntry> entries;
        try
        {
            HostPaths.CreateDirectory(target);
            entries = IsLink(path) ? [] : [.. files.Enumerate(path)];
        }
        catch (Exception e) when (IsOfImage(e))
        {
            LeaveOut(path, e);
            return;
        }

        foreach (var entry in entries)
        {
            CopyEntry(FilePath.Join(path, entry.Name), entry.Name, entry, target);
        }
    }

    private bool IsLink(string path) =>
        path.Length > 0 && files.Find(path) is { } entry && (entry.Attributes & FileAttributes.ReparsePoint) != 0;

    private void CopyFile(string path, string target)
    {
        try
        {
            using var content = files.OpenRead(path);
            Write(content, target);
        }
        catch (Exception e) when (IsOfImage(e))
        {
            LeaveOut(path, e);
        }
    }

    private void Write(Stream content, string target)
    {
        using var output = new OutputFile(target, overwrite: true, access, isDurable: false);
        output.SetLength(content.Length);
        SparseCopy.Copy(content, output.Write, cancellation);
        output.Complete();
        Copied++;
    }

    // The host's own errors end the copy (the disk is full, or not there), unless it is only this path that is too long for it.
    private static bool IsOfImage(Exception e) =>
        e is CorruptImageException or UnsupportedImageException or RefusedException or FileNotFoundException or EndOfStreamException
            or HostIOException { InnerException: PathTooLongException };

    private void LeaveOut(string path, Exception error)
    {
        _leftOut.Add(new LeftOutReport(DocumentJson.Valid(path), error.Message));
        Output.Message($"left out: {path}: {error.Message}");
    }
}
