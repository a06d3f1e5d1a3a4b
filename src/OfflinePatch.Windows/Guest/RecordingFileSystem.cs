using OfflinePatch.Core;

namespace OfflinePatch.Windows.Guest;

/// <summary>
/// A volume of the guest as rules see it: each file that is created, replaced or deleted is logged as a change, and a file that already
/// has the wanted bytes is not written.
/// </summary>
/// <param name="inner">The volume.</param>
/// <param name="changes">Where changes are recorded.</param>
/// <param name="prefix">What paths begin with in the log: <c>C:</c>, or <c>ESP:</c>.</param>
/// <param name="isHive">Tells hives and their logs, which are written back as a whole and not counted as files.</param>
public sealed class RecordingFileSystem(IWritableFileSystem inner, ChangeLog changes, string prefix, Func<string, bool>? isHive = null)
    : IWritableFileSystem
{
    /// <summary>The volume itself; changes made through it are not recorded.</summary>
    public IWritableFileSystem Inner => inner;

    /// <summary>What paths begin with in the log.</summary>
    public string Prefix { get; set; } = prefix;

    /// <summary>Whether anything was written, hives included.</summary>
    public bool WasWritten { get; private set; }

    /// <summary>Receives the path of a file before it is written, deleted or moved; or null.</summary>
    internal Action<string>? Changing { get; set; }

    /// <inheritdoc/>
    public string Format => inner.Format;

    /// <inheritdoc/>
    public string Source => inner.Source;

    /// <inheritdoc/>
    public VolumeState State => inner.State;

    /// <inheritdoc/>
    public IReadOnlyList<VolumeFinding> Check(CancellationToken cancellation = default) => inner.Check(cancellation);

    /// <inheritdoc/>
    public IReadOnlyList<VolumeFinding> CheckChanges(CancellationToken cancellation = default) => inner.CheckChanges(cancellation);

    /// <inheritdoc/>
    public IReadOnlyList<VolumeFinding> FindObstacles(CancellationToken cancellation = default) => inner.FindObstacles(cancellation);

    /// <inheritdoc/>
    public FileEntry? Find(string path) => inner.Find(path);

    /// <inheritdoc/>
    public IEnumerable<FileEntry> Enumerate(string directory) => inner.Enumerate(directory);

    /// <inheritdoc/>
    public int Read(string path, long offset, Span<byte> buffer) => inner.Read(path, offset, buffer);

    /// <inheritdoc/>
    public Stream OpenRead(string path) => inner.OpenRead(path);

    /// <inheritdoc/>
    public void CreateDirectory(string path)
    {
        if (!inner.DirectoryExists(path))
        {
            WasWritten = true;
            inner.CreateDirectory(path);
        }
    }

    /// <inheritdoc/>
    public void WriteFile(string path, ReadOnlySpan<byte> content)
    {
        var existing = inner.Find(path);
        if (existing is { IsDirectory: false } file && file.Length == content.Length && content.SequenceEqual(inner.ReadFile(path)))
        {
            return;
        }

        BeginChange(path);
        inner.WriteFile(path, content);
        Record(path, existing, content.Length);
    }

    /// <inheritdoc/>
    public void WriteFile(string path, ReadOnlySpan<byte> content, IReadOnlyList<Range> changed)
    {
        var existing = inner.Find(path);
        BeginChange(path);
        inner.WriteFile(path, content, changed);
        Record(path, existing, content.Length);
    }

    /// <inheritdoc/>
    public void WriteFile(string path, Stream content, long length)
    {
        var existing = inner.Find(path);
        if (existing is { IsDirectory: false } file && file.Length == length && content.CanSeek && Holds(path, content))
        {
            return;
        }

        BeginChange(path);
        inner.WriteFile(path, content, length);
        Record(path, existing, length);
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        var existing = inner.Find(path);
        BeginChange(path);
        inner.Delete(path);
        if (existing is { IsDirectory: false })
        {
            changes.RecordFile(Display(path), FileChangeKind.Deleted, 0);
        }
    }

    /// <inheritdoc/>
    public void Move(string path, string newPath)
    {
        var existing = inner.Find(path);
        BeginChange(path);
        inner.Move(path, newPath);
        if (existing is { IsDirectory: false } file)
        {
            changes.RecordFile(Display(path), FileChangeKind.Deleted, 0);
            changes.RecordFile(Display(newPath), FileChangeKind.Added, file.Length);
        }
    }

    /// <inheritdoc/>
    public void Flush() => inner.Flush();

    /// <inheritdoc/>
    public void Dispose() => inner.Dispose();

    /// <summary>Whether a file has the bytes of a stream from its place on; the stream is at that place again afterwards.</summary>
    private bool Holds(string path, Stream content)
    {
        var start = content.Position;
        var isEqual = inner.HasContent(path, content);
        content.Position = start;
        return isEqual;
    }

    private void BeginChange(string path)
    {
        Changing?.Invoke(path);
        WasWritten = true;
    }

    private void Record(string path, FileEntry? existing, long length)
    {
        if (isHive is null || !isHive(path))
        {
            changes.RecordFile(Display(path), existing is null ? FileChangeKind.Added : FileChangeKind.Replaced, length);
        }
    }

    private string Display(string path) => Prefix + '\\' + path.TrimStart('\\', '/').Replace('/', '\\');
}
