using System.Buffers;
using System.Text;
namespace OfflinePatch.Core.Hosting;

/// <summary>Paths of the host, as a user gives them.</summary>
public static class HostPaths
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly SearchValues<char> NotInWindowsNames =
        SearchValues.Create([.. "<>:\"|?*", .. Enumerable.Range(0, ' ').Select(c => (char)c)]);

    /// <summary>The full path of the file that a path leads to: links are followed where they lead somewhere.</summary>
    /// <exception cref="HostIOException"><c>CORE-0035</c>: the path is empty, or holds a character that no path has.</exception>
    public static string Resolve(string path)
    {
        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
        {
            throw ImageFileError.NoPath();
        }

        var full = Path.GetFullPath(path);
        try
        {
            return File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            return full; // opening it will say what is wrong
        }
    }

    /// <summary>Whether a path names a symbolic link (or a junction).</summary>
    public static bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;

    /// <summary>
    /// Whether a name of foreign origin is that of a file in its folder: no separator, no parent, and on Windows no drive, stream,
    /// wildcard, device or name that the host would change.
    /// </summary>
    public static bool IsName(string name) => IsName(name, OperatingSystem.IsWindows());

    internal static bool IsName(string name, bool onWindows)
    {
        if (name.Length == 0 || name is "." or ".." || name.AsSpan().IndexOfAny("/\\\0") >= 0)
        {
            return false;
        }

        if (!onWindows)
        {
            return Encoding.UTF8.GetByteCount(name) <= 255 && IsEncodable(name);
        }

        return !name.AsSpan().ContainsAny(NotInWindowsNames) && name[^1] is not ('.' or ' ')
            && !DeviceNames.IsReserved(name);
    }

    /// <summary>Whether a path names an existing directory.</summary>
    public static bool IsDirectory(string path) => Directory.Exists(path);

    /// <summary>Creates a host directory and those above it that are missing.</summary>
    /// <exception cref="HostIOException"><c>HOST-0020</c>: the host refused.</exception>
    public static void CreateDirectory(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            throw HostFileError.CannotCreateDirectory(path, e);
        }
    }

    /// <summary>Whether a path names an existing file.</summary>
    public static bool FileExists(string path) => File.Exists(path);

    /// <summary>Requires that no other program has a file open for writing, as far as the host says it.</summary>
    /// <exception cref="HostIOException">The file is missing or cannot be opened.</exception>
    /// <exception cref="RefusedException"><c>CORE-0014</c>: one has.</exception>
    public static void RequireNoWriter(string path) => HostStorage.RequireNoWriter(path);

    /// <summary>
    /// Bytes that a file takes on the host: less than its length where it has holes. The length where the host does not say; 0 without the
    /// file.
    /// </summary>
    public static long AllocatedLength(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            return Hosting.Statx.TryGet(path, followLinks: true, out var status, out _) ? (long)status.Sectors * 512 : 0;
        }

        var file = new FileInfo(path);
        return file.Exists ? file.Length : 0;
    }

    /// <summary>Deletes a file that this program made; does nothing when there is none.</summary>
    /// <exception cref="HostIOException">The host refused.</exception>
    public static void DeleteFile(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotWrite(path, e);
        }
    }

    /// <summary>Length and time of the last write (UTC) of a file; null when there is none.</summary>
    public static (long Length, DateTime Modified)? StateOf(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? (file.Length, file.LastWriteTimeUtc) : null;
    }

    /// <summary>Gives a file another name on the same file system. Nothing is overwritten.</summary>
    /// <exception cref="HostIOException"><c>CORE-0034</c>: there is a file of that name, or the host refused.</exception>
    public static void Move(string path, string target)
    {
        try
        {
            File.Move(path, target, overwrite: false);
        }
        catch (Exception e) when (Hosting.HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotCreate(target, e);
        }
    }

    /// <summary>Replaces a text file in one step.</summary>
    /// <exception cref="HostIOException">The host refused.</exception>
    public static void WriteText(string path, string content)
    {
        using var output = new OutputFile(path, overwrite: true);
        output.Write(0, Encoding.UTF8.GetBytes(content));
        output.Complete();
    }

    /// <summary>A text file of the user's that lines are added to; created where missing. To be disposed.</summary>
    /// <exception cref="HostIOException"><c>CORE-0034</c>: the host refused.</exception>
    public static TextWriter AppendText(string path) => OpenText(path, FileMode.Append, flushesLines: true);

    /// <summary>A text file that is written while a run goes on; one of this name is replaced. To be disposed.</summary>
    /// <exception cref="HostIOException"><c>CORE-0034</c>: the host refused.</exception>
    public static TextWriter CreateText(string path) => OpenText(path, FileMode.Create, flushesLines: false);

    private static StreamWriter OpenText(string path, FileMode mode, bool flushesLines)
    {
        try
        {
            var stream = new FileStream(path, mode, FileAccess.Write, FileShare.Read | FileShare.Write);
            return new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = flushesLines };
        }
        catch (Exception e) when (Hosting.HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotCreate(path, e);
        }
    }

    /// <summary>The names in a directory: files, and directories that are no links.</summary>
    /// <exception cref="HostIOException"><c>CORE-0015</c>: the host refused.</exception>
    public static IReadOnlyList<(string Name, bool IsDirectory)> List(string path)
    {
        try
        {
            return
            [
                .. new DirectoryInfo(path.Length == 0 ? "." : path).EnumerateFileSystemInfos()
                    .Where(e => e is FileInfo || e.LinkTarget is null).Select(e => (e.Name, e is DirectoryInfo)),
            ];
        }
        catch (Exception e) when (Hosting.HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotOpen(path, Hosting.HostErrors.Reason(e));
        }
    }

    /// <summary>
    /// Reads a small file of the user's: a profile, a key list; also a pipe, such as a descriptor of the shell (<c>/dev/fd/3</c>).
    /// </summary>
    /// <exception cref="HostIOException">It is missing or cannot be read.</exception>
    /// <exception cref="UnsupportedImageException"><c>CORE-0002</c>: it is longer than <paramref name="limit"/> bytes.</exception>
    public static byte[] ReadSmallFile(string path, int limit)
    {
        if (ReadPipe(path, limit) is { } piped)
        {
            return piped;
        }

        using var device = HostFileDevice.Open(path);
        if (device.Length > limit)
        {
            throw CoreError.TooLongToRead(path, device.Length, limit);
        }

        var content = new byte[device.Length];
        device.Read(0, content);
        return content;
    }

    /// <summary>What a pipe holds; null for anything else, which <see cref="HostFileDevice"/> opens or refuses.</summary>
    private static byte[]? ReadPipe(string path, int limit)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(path))
        {
            return null;
        }

        try
        {
            using var pipe = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            if (pipe.CanSeek)
            {
                return null;
            }

            using var content = new MemoryStream();
            var buffer = new byte[4096];
            int count;
            while ((count = pipe.Read(buffer)) > 0)
            {
                content.Write(buffer, 0, count);
                if (content.Length > limit)
                {
                    throw CoreError.TooLongToRead(path, content.Length, limit);
                }
            }

            return content.ToArray();
        }
        catch (Exception e) when (Hosting.HostErrors.IsOfHost(e))
        {
            throw ImageFileError.CannotOpen(path, Hosting.HostErrors.Reason(e));
        }
    }

    // An unpaired surrogate has no bytes in the host's names; two such names would become one.
    private static bool IsEncodable(string name)
    {
        try
        {
            _ = StrictUtf8.GetByteCount(name);
            return true;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }
}
