namespace OfflinePatch.Core.FileSystem;

/// <summary>
/// A tree of files that can be read: a volume in an image, a disc, an archive, a host directory. Paths are separated by <c>\</c> or
/// <c>/</c>, relative to the root, with or without a leading separator; the empty path is the root. Names compare as the format says (NTFS
/// and FAT: without case).
/// </summary>
/// <remarks>Not safe for use by several threads, unless the implementation says otherwise.</remarks>
public interface IFileSystem : IDisposable
{
    /// <summary>
    /// What it is, for messages: <c>NTFS</c>, <c>FAT32</c>, <c>ISO 9660 (Joliet)</c>, <c>UDF</c>, <c>ZIP</c>, <c>directory</c>.
    /// </summary>
    string Format { get; }

    /// <summary>Where it comes from, for messages: a host path, or a partition of an image.</summary>
    string Source { get; }

    /// <summary>The entry at <paramref name="path"/>, or null when there is none.</summary>
    FileEntry? Find(string path);

    /// <summary>The entries of a directory, without <c>.</c> and <c>..</c>, in the order of the format.</summary>
    /// <exception cref="CorruptImageException">The directory is damaged.</exception>
    /// <exception cref="FileNotFoundException">There is no such directory.</exception>
    IEnumerable<FileEntry> Enumerate(string directory);

    /// <summary>Reads up to <paramref name="buffer"/>'s length from a file; returns the bytes read, 0 at or past its end.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    int Read(string path, long offset, Span<byte> buffer);

    /// <summary>Opens a file for reading from start to end. Cheaper than many calls of <see cref="Read"/>.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    Stream OpenRead(string path);
}

/// <summary>A tree of files that can be changed. Nothing reaches the device below before <see cref="Flush"/>.</summary>
public interface IWritableFileSystem : IFileSystem
{
    /// <summary>Creates a directory and those above it that are missing; does nothing when it exists.</summary>
    void CreateDirectory(string path);

    /// <summary>Creates a file, or replaces the content of an existing one. The directory must exist.</summary>
    /// <exception cref="RefusedException">The file exists in a form that must not be rewritten.</exception>
    void WriteFile(string path, ReadOnlySpan<byte> content);

    /// <summary>
    /// Replaces the content of an existing file by one that differs from it in some ranges only. A format that can writes only these.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="content">All of the new content.</param>
    /// <param name="changed">Where it may differ, in ascending order. What lies beyond the old end is among it.</param>
    /// <exception cref="RefusedException">The file exists in a form that must not be rewritten.</exception>
    void WriteFile(string path, ReadOnlySpan<byte> content, IReadOnlyList<Range> changed) => WriteFile(path, content);

    /// <summary>Creates a file, or replaces its content, with <paramref name="length"/> bytes of <paramref name="content"/>.</summary>
    void WriteFile(string path, Stream content, long length);

    /// <summary>Deletes a file, or an empty directory.</summary>
    void Delete(string path);

    /// <summary>Renames or moves a file or directory inside this tree.</summary>
    void Move(string path, string newPath);

    /// <summary>Writes everything that is held back to the device below, so that the volume is whole.</summary>
    void Flush();

    /// <summary>What the volume says about its own state. Read once.</summary>
    /// <exception cref="CorruptImageException">The structures that hold it are damaged.</exception>
    VolumeState State { get; }

    /// <summary>Checks the whole volume. Damage is a finding, never an exception. Empty where the tree is no volume.</summary>
    /// <exception cref="IOException">The host failed to read.</exception>
    IReadOnlyList<VolumeFinding> Check(CancellationToken cancellation = default);

    /// <summary>Checks what was changed since the volume was opened, after a flush; may check more.</summary>
    /// <exception cref="IOException">The host failed.</exception>
    IReadOnlyList<VolumeFinding> CheckChanges(CancellationToken cancellation = default);

    /// <summary>
    /// Findings because of which any change is refused: damage that could let new content overwrite a file. Empty: the volume may be
    /// changed. The first change asks the same question and throws <see cref="RefusedException"/>; the cost is one pass over the metadata,
    /// once.
    /// </summary>
    /// <exception cref="IOException">The host failed to read.</exception>
    IReadOnlyList<VolumeFinding> FindObstacles(CancellationToken cancellation = default);
}

/// <summary>Conveniences over <see cref="IFileSystem"/>.</summary>
public static class FileSystemExtensions
{
    /// <summary>The whole content of a file of at most <paramref name="limit"/> bytes.</summary>
    /// <exception cref="UnsupportedImageException"><c>CORE-0002</c>: the file is longer.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static byte[] ReadFile(this IFileSystem fileSystem, string path, int limit = int.MaxValue)
    {
        var entry = fileSystem.Find(path);
        if (entry is not { IsDirectory: false } file)
        {
            throw new FileNotFoundException($"There is no file {path} in {fileSystem.Source}.", path);
        }

        if (file.Length > limit || file.Length > Array.MaxLength)
        {
            throw CoreError.TooLongToRead($"{path} in {fileSystem.Source}", file.Length, limit);
        }

        using var stream = fileSystem.OpenRead(path); // before the memory is taken: a length that lies is noticed here where the format can
        var content = new byte[file.Length];
        stream.ReadExactly(content);
        return content;
    }

    /// <summary>Whether a file of this path exists.</summary>
    public static bool FileExists(this IFileSystem fileSystem, string path) => fileSystem.Find(path) is { IsDirectory: false };

    /// <summary>Whether a directory of this path exists.</summary>
    public static bool DirectoryExists(this IFileSystem fileSystem, string path) => fileSystem.Find(path) is { IsDirectory: true };

    /// <summary>Whether there is a file of this path with the content of one of another file system.</summary>
    public static bool HasContentOf(this IFileSystem fileSystem, string path, IFileSystem source, string sourcePath)
    {
        if (fileSystem.Find(path) is not { IsDirectory: false } file || source.Find(sourcePath)?.Length != file.Length)
        {
            return false;
        }

        using var wanted = source.OpenRead(sourcePath);
        return fileSystem.HasContent(path, wanted);
    }

    /// <summary>Whether a file, which is there, has the bytes that a stream gives from its place on. Reads up to a difference.</summary>
    public static bool HasContent(this IFileSystem fileSystem, string path, Stream wanted)
    {
        using var present = fileSystem.OpenRead(path);
        var (a, b) = (new byte[64 * 1024], new byte[64 * 1024]);
        int count;
        do
        {
            count = wanted.ReadAtLeast(a, a.Length, throwOnEndOfStream: false);
            if (present.ReadAtLeast(b, b.Length, throwOnEndOfStream: false) != count
                || !a.AsSpan(0, count).SequenceEqual(b.AsSpan(0, count)))
            {
                return false;
            }
        }
        while (count == a.Length);

        return true;
    }

    /// <summary>Every file of a tree with its path, in no certain order.</summary>
    /// <param name="fileSystem">The tree.</param>
    /// <param name="maxEntries">Files and directories that are looked at; 1 or more.</param>
    /// <param name="maxDepth">Levels of directories below the root; 0 or more.</param>
    /// <param name="tooLarge">What is thrown when the tree has more.</param>
    public static IEnumerable<(string Path, FileEntry Entry)> WalkFiles(this IFileSystem fileSystem, int maxEntries, int maxDepth,
        Func<Exception> tooLarge)
    {
        var pending = new Stack<(string Path, int Depth)>([("", 0)]);
        var entries = 0;
        while (pending.TryPop(out var directory))
        {
            foreach (var entry in fileSystem.Enumerate(directory.Path))
            {
                if (++entries > maxEntries || directory.Depth > maxDepth)
                {
                    throw tooLarge();
                }

                var path = FilePath.Join(directory.Path, entry.Name);
                if (entry.IsDirectory)
                {
                    pending.Push((path, directory.Depth + 1));
                }
                else
                {
                    yield return (path, entry);
                }
            }
        }
    }

    /// <summary>Deletes a file, if it is there.</summary>
    public static void DeleteIfPresent(this IWritableFileSystem fileSystem, string path)
    {
        if (fileSystem.FileExists(path))
        {
            fileSystem.Delete(path);
        }
    }

    /// <summary>Deletes a file or a directory with everything in it, if it is there; of a link only the link.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; a part may be deleted.</exception>
    public static void DeleteTree(this IWritableFileSystem fileSystem, string path, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        if (fileSystem.Find(path) is not { } entry)
        {
            return;
        }

        if (entry.IsDirectory && (entry.Attributes & FileAttributes.ReparsePoint) == 0)
        {
            foreach (var child in fileSystem.Enumerate(path).ToList())
            {
                fileSystem.DeleteTree(FilePath.Join(path, child.Name), cancellation);
            }
        }

        fileSystem.Delete(path);
    }
}
