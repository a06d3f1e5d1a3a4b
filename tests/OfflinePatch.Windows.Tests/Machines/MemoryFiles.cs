using OfflinePatch.Core;

namespace OfflinePatch.Windows.Tests.Machines;

/// <summary>A volume in memory: names without case, directories exist once a file or directory below them was made.</summary>
public sealed class MemoryFiles(string format = "NTFS") : IWritableFileSystem
{
    private readonly Dictionary<string, byte[]?> _entries = new(StringComparer.OrdinalIgnoreCase) { [""] = null };

    /// <summary>How many writes reached the volume.</summary>
    public int Writes { get; private set; }

    public string Format => format;

    public string Source => "memory";

    /// <summary>The files, as they were named.</summary>
    public IEnumerable<string> Paths => _entries.Where(e => e.Value is not null).Select(e => e.Key);

    public FileEntry? Find(string path)
    {
        var key = Normal(path);
        if (!_entries.TryGetValue(key, out var content))
        {
            return null;
        }

        var name = _entries.Keys.First(k => k.Equals(key, StringComparison.OrdinalIgnoreCase));
        return new FileEntry(name[(name.LastIndexOf('\\') + 1)..], content is null, content?.Length ?? 0, DateTime.UnixEpoch);
    }

    public IEnumerable<FileEntry> Enumerate(string directory)
    {
        var prefix = Normal(directory);
        return _entries.Keys
            .Where(k => k.Length > 0 && Parent(k).Equals(prefix, StringComparison.OrdinalIgnoreCase))
            .Select(k => Find(k)!.Value)
            .ToList();
    }

    public int Read(string path, long offset, Span<byte> buffer)
    {
        var content = Content(path);
        if (offset >= content.Length)
        {
            return 0;
        }

        var count = (int)Math.Min(buffer.Length, content.Length - offset);
        content.AsSpan((int)offset, count).CopyTo(buffer);
        return count;
    }

    public Stream OpenRead(string path) => new MemoryStream(Content(path), writable: false);

    public void CreateDirectory(string path)
    {
        for (var key = Normal(path); key.Length > 0; key = Parent(key))
        {
            _entries.TryAdd(key, null);
        }

        Writes++;
    }

    public void WriteFile(string path, ReadOnlySpan<byte> content)
    {
        var key = Normal(path);
        if (!_entries.ContainsKey(Parent(key)))
        {
            throw new DirectoryNotFoundException(path);
        }

        _entries[key] = content.ToArray();
        Writes++;
    }

    public void WriteFile(string path, Stream content, long length)
    {
        var bytes = new byte[length];
        content.ReadExactly(bytes);
        WriteFile(path, bytes);
    }

    /// <summary>Puts a file there with its directories; not counted.</summary>
    public void Put(string path, byte[] content)
    {
        for (var key = Parent(Normal(path)); key.Length > 0; key = Parent(key))
        {
            _entries.TryAdd(key, null);
        }

        _entries[Normal(path)] = content;
    }

    public void Delete(string path)
    {
        _entries.Remove(Normal(path));
        Writes++;
    }

    public void Move(string path, string newPath)
    {
        var (from, to) = (Normal(path), Normal(newPath));
        foreach (var key in _entries.Keys
            .Where(k => k.Equals(from, StringComparison.OrdinalIgnoreCase) || k.StartsWith(from + '\\', StringComparison.OrdinalIgnoreCase))
            .ToList())
        {
            _entries[to + key[from.Length..]] = _entries[key];
            _entries.Remove(key);
        }

        Writes++;
    }

    public void Flush()
    {
    }

    public VolumeState State { get; } = new();

    public IReadOnlyList<VolumeFinding> Check(CancellationToken cancellation = default) => [];

    public IReadOnlyList<VolumeFinding> CheckChanges(CancellationToken cancellation = default) => [];

    public IReadOnlyList<VolumeFinding> Obstacles { get; set; } = [];

    public IReadOnlyList<VolumeFinding> FindObstacles(CancellationToken cancellation = default) => Obstacles;

    public void Dispose()
    {
    }

    private static string Normal(string path) => path.Replace('/', '\\').Trim('\\');

    private static string Parent(string key) => key.LastIndexOf('\\') is var at and >= 0 ? key[..at] : "";

    private byte[] Content(string path) =>
        _entries.TryGetValue(Normal(path), out var content) && content is not null ? content : throw new FileNotFoundException(path);
}
