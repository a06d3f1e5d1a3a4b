namespace OfflinePatch.Core.Hosting;

/// <summary>
/// A host directory as a tree that is only read. Names are looked up without case on every host; where two names differ by case alone the
/// directory is refused, because Windows could hold only one of them.
/// <para>
/// A symbolic link to a file is followed when the file lies inside the root; every other link (to a directory, out of the root, to nothing)
/// is not part of the tree. So the tree has no cycles, and nothing outside the root is ever read.
/// </para>
/// Each directory is listed once, when it is first asked for.
/// </summary>
public sealed class DirectoryFileSystem : IFileSystem
{
    private const int LinkLimit = 40; // as Linux resolves at most

    private readonly string _realRoot;
    private readonly Dictionary<string, Dictionary<string, Entry>> _listings = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    private DirectoryFileSystem(string source, string realRoot)
    {
        Source = source;
        _realRoot = realRoot;
    }

    /// <inheritdoc/>
    public string Format => "directory";

    /// <inheritdoc/>
    public string Source { get; }

    /// <summary>Whether a host path is an existing directory.</summary>
    public static bool IsDirectory(string hostPath) => Directory.Exists(hostPath);

    /// <summary>Opens a host directory. The root itself may be a link.</summary>
    /// <exception cref="HostIOException"><c>HOST-0001</c>: there is no such directory.</exception>
    public static DirectoryFileSystem Open(string hostPath)
    {
        var full = Path.GetFullPath(hostPath);
        if (!Directory.Exists(full))
        {
            throw HostFileError.Missing(hostPath);
        }

        return new DirectoryFileSystem(hostPath, Resolve(full) ?? full);
    }

    /// <inheritdoc/>
    public FileEntry? Find(string path)
    {
        var names = FilePath.Split(path);
        if (names.Length == 0)
        {
            return new FileEntry("", IsDirectory: true, 0, DateTime.MinValue);
        }

        return Locate(names)?.Public;
    }

    /// <inheritdoc/>
    public IEnumerable<FileEntry> Enumerate(string directory)
    {
        var names = FilePath.Split(directory);
        var host = names.Length == 0 ? _realRoot : Locate(names) is { Public.IsDirectory: true } entry ? entry.HostPath : null;
        if (host is null)
        {
            throw new FileNotFoundException($"There is no directory {directory} in {Source}.", directory);
        }

        return List(host).Values.Select(e => e.Public).OrderBy(e => e.Name, StringComparer.OrdinalIgnoreCase);
    }

    /// <inheritdoc/>
    public int Read(string path, long offset, Span<byte> buffer)
    {
        using var device = OpenDevice(path);
        if (offset >= device.Length)
        {
            return 0;
        }

        var count = (int)Math.Min(buffer.Length, device.Length - offset);
        device.Read(offset, buffer[..count]);
        return count;
    }

    /// <inheritdoc/>
    public Stream OpenRead(string path)
    {
        var device = OpenDevice(path);
        return new OwningStream(device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private HostFileDevice OpenDevice(string path) =>
        Locate(FilePath.Split(path)) is { Public.IsDirectory: false } entry
            ? HostFileDevice.Open(entry.HostPath)
            : throw new FileNotFoundException($"There is no file {path} in {Source}.", path);

    private Entry? Locate(string[] names)
    {
        var host = _realRoot;
        Entry? entry = null;
        for (var i = 0; i < names.Length; i++)
        {
            if (entry is { Public.IsDirectory: false } || !List(host).TryGetValue(names[i], out entry))
            {
                return null;
            }

            host = entry.HostPath;
        }

        return entry;
    }

    private Dictionary<string, Entry> List(string hostDirectory)
    {
        lock (_gate)
        {
            if (!_listings.TryGetValue(hostDirectory, out var listing))
            {
                listing = ReadListing(hostDirectory);
                _listings.Add(hostDirectory, listing);
            }

            return listing;
        }
    }

    private Dictionary<string, Entry> ReadListing(string hostDirectory)
    {
        var listing = new Dictionary<string, Entry>(StringComparer.OrdinalIgnoreCase);
        try
        {
            foreach (var item in new DirectoryInfo(hostDirectory).EnumerateFileSystemInfos())
            {
                if (Describe(item) is not { } entry)
                {
                    continue;
                }

                if (item.Name.Contains('\\', StringComparison.Ordinal))
                {
                    throw HostFileError.Unaddressable(hostDirectory, item.Name);
                }

                if (!listing.TryAdd(item.Name, entry))
                {
                    throw HostFileError.SameName(hostDirectory, listing[item.Name].Public.Name, item.Name);
                }
            }
        }
        catch (UnauthorizedAccessException e)
        {
            throw HostFileError.Denied(hostDirectory, e);
        }
        catch (IOException e) when (e is not ICodedError)
        {
            throw HostFileError.CannotRead(hostDirectory, e);
        }

        return listing;
    }

    private Entry? Describe(FileSystemInfo item)
    {
        var isDirectory = item is DirectoryInfo;
        if (item.LinkTarget is null)
        {
            return new Entry(new FileEntry(item.Name, isDirectory, item is FileInfo file ? file.Length : 0, item.LastWriteTimeUtc,
                WindowsAttributes(item)), item.FullName);
        }

        if (Resolve(item.FullName) is not { } target || !IsInsideRoot(target) || !File.Exists(target))
        {
            return null;
        }

        var real = new FileInfo(target);
        return new Entry(new FileEntry(item.Name, IsDirectory: false, real.Length, real.LastWriteTimeUtc), target);
    }

    private static FileAttributes WindowsAttributes(FileSystemInfo item) =>
        OperatingSystem.IsWindows()
            ? item.Attributes & (FileAttributes.ReadOnly | FileAttributes.Hidden | FileAttributes.System | FileAttributes.Archive
                | FileAttributes.Directory)
            : item is DirectoryInfo ? FileAttributes.Directory : 0;

    private bool IsInsideRoot(string realPath)
    {
        var root = Path.TrimEndingDirectorySeparator(_realRoot);
        return realPath.StartsWith(root, StringComparison.Ordinal)
            && (root.EndsWith(Path.DirectorySeparatorChar)
                || (realPath.Length > root.Length && realPath[root.Length] == Path.DirectorySeparatorChar));
    }

    /// <summary>The path without any link in it, as realpath(3) gives it; null where the links do not end.</summary>
    private static string? Resolve(string path)
    {
        var root = Path.GetPathRoot(path) ?? "/";
        var pending = new Stack<string>(Parts(path, root).Reverse());
        var real = root;
        var links = 0;
        while (pending.TryPop(out var part))
        {
            if (part == "..")
            {
                real = Path.GetDirectoryName(real) ?? root;
                continue;
            }

            var next = Path.Combine(real, part);
            var target = new FileInfo(next).LinkTarget;
            if (target is null)
            {
                real = next;
                continue;
            }

            if (++links > LinkLimit)
            {
                return null;
            }

            if (Path.IsPathRooted(target))
            {
                root = Path.GetPathRoot(target) ?? root;
                real = root;
            }

            foreach (var piece in Parts(target, Path.GetPathRoot(target) ?? "").Reverse())
            {
                pending.Push(piece);
            }
        }

        return real;
    }

    private static string[] Parts(string path, string root) =>
        [.. path[root.Length..].Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries)
            .Where(p => p != ".")];

    private sealed record Entry(FileEntry Public, string HostPath);

    /// <summary>A stream that closes its host file.</summary>
    private sealed class OwningStream(HostFileDevice device) : Stream
    {
        private readonly DeviceStream _inner = new(device);

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => _inner.Length;

        public override long Position
        {
            get => _inner.Position;
            set => _inner.Position = value;
        }

        public override int Read(Span<byte> buffer) => _inner.Read(buffer);

        public override int Read(byte[] buffer, int offset, int count) => _inner.Read(buffer, offset, count);

        public override long Seek(long offset, SeekOrigin origin) => _inner.Seek(offset, origin);

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _inner.Dispose();
                device.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
