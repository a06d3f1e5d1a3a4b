using OfflinePatch.Core;

namespace OfflinePatch.Testing;

/// <summary>A tree of files in memory that compares names as NTFS does, for tests that need no volume.</summary>
public sealed class MemoryFileSystem(string source = "memory") : IWritableFileSystem
{
    private readonly SortedDictionary<string, (string Path, byte[]? Content)> _entries = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Format => "memory";

    /// <inheritdoc/>
    public string Source => source;

    /// <summary>Paths of all files, with the separators and case that they were written with.</summary>
    public IEnumerable<string> Files => _entries.Values.Where(e => e.Content is not null).Select(e => e.Path);

    /// <summary>How many times anything was written, created or deleted.</summary>
    public int Writes { get; private set; }

    /// <inheritdoc/>
    public FileEntry? Find(string path)
    {
        var key = Key(path);
        return key.Length == 0
            ? new FileEntry("", IsDirectory: true, 0, DateTime.MinValue)
            : _entries.TryGetValue(key, out var entry) ? Entry(entry) : null;
    }

    /// <inheritdoc/>
    public IEnumerable<FileEntry> Enumerate(string directory)
    {
        var key = Key(directory);
        if (Find(directory) is not { IsDirectory: true })
        {
            throw new FileNotFoundException($"There is no directory {directory}.", directory);
        }

        var prefix = key.Length == 0 ? "" : key + "\\";
        return [.. _entries.Where(e => e.Key.StartsWith(prefix, StringComparison.Ordinal) && e.Key.Length > prefix.Length
            && e.Key.IndexOf('\\', prefix.Length) < 0)
            .Select(e => Entry(e.Value))];
    }

    /// <inheritdoc/>
    public int Read(string path, long offset, Span<byte> buffer)
    {
        var content = Content(path);
        var count = (int)Math.Min(buffer.Length, Math.Max(0, content.Length - offset));
        content.AsSpan((int)Math.Min(offset, content.Length), count).CopyTo(buffer);
        return count;
    }

    /// <inheritdoc/>
    public Stream OpenRead(string path) => new MemoryStream(Content(path), writable: false);

    /// <inheritdoc/>
    public void CreateDirectory(string path)
    {
        var parts = Parts(path);
        for (var i = 1; i <= parts.Length; i++)
        {
            var one = string.Join('\\', parts[..i]);
            if (_entries.TryAdd(one.ToUpperInvariant(), (one, null)))
            {
                Writes++;
            }
        }
    }

    /// <inheritdoc/>
    public void WriteFile(string path, ReadOnlySpan<byte> content)
    {
        var parts = Parts(path);
        var parent = string.Join('\\', parts[..^1]);
        if (Find(parent) is not { IsDirectory: true })
        {
            throw new FileNotFoundException($"There is no directory {parent}.", parent);
        }

        Writes++;
        var key = Key(path);
        _entries[key] = (_entries.TryGetValue(key, out var old) ? old.Path : string.Join('\\', parts), content.ToArray());
    }

    /// <inheritdoc/>
    public void WriteFile(string path, Stream content, long length)
    {
        var bytes = new byte[length];
        content.ReadExactly(bytes);
        WriteFile(path, bytes);
    }

    /// <summary>Writes a file and the directories above it.</summary>
    public void Add(string path, ReadOnlySpan<byte> content)
    {
        var parts = Parts(path);
        CreateDirectory(string.Join('\\', parts[..^1]));
        WriteFile(path, content);
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        Writes++;
        if (!_entries.Remove(Key(path)))
        {
            throw new FileNotFoundException($"There is no file {path}.", path);
        }
    }

    /// <inheritdoc/>
    public void Move(string path, string newPath)
    {
        WriteFile(newPath, Content(path));
        Delete(path);
    }

    /// <inheritdoc/>
    public void Flush()
    {
    }

    /// <inheritdoc/>
    public VolumeState State { get; } = new();

    /// <inheritdoc/>
    public IReadOnlyList<VolumeFinding> Check(CancellationToken cancellation = default) => [];

    /// <inheritdoc/>
    public IReadOnlyList<VolumeFinding> CheckChanges(CancellationToken cancellation = default) => [];

    /// <inheritdoc/>
    public IReadOnlyList<VolumeFinding> FindObstacles(CancellationToken cancellation = default) => [];

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private static string[] Parts(string path) => path.Split(['\\', '/'], StringSplitOptions.RemoveEmptyEntries);

    private static string Key(string path) => string.Join('\\', Parts(path)).ToUpperInvariant();

    private static FileEntry Entry((string Path, byte[]? Content) entry) =>
        new(entry.Path[(entry.Path.LastIndexOf('\\') + 1)..], entry.Content is null, entry.Content?.Length ?? 0, DateTime.UnixEpoch);

    private byte[] Content(string path) =>
        _entries.TryGetValue(Key(path), out var entry)
            && entry.Content is { } content ? content : throw new FileNotFoundException($"There is no file {path}.", path);
}
