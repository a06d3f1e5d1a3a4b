using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows.Guest;

/// <summary>
/// Counts and lists what is changed inside the image. Several changes of one value or file count once: first before, last after.
/// </summary>
public sealed class ChangeLog
{
    /// <summary>The clock of every time stamp that a change leaves in the image.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Receives every change when it is made; or null.</summary>
    public Action<string>? Trace { get; init; }

    private readonly Dictionary<(string Key, string Name), RegistryChange> _registry = [];
    private readonly Dictionary<string, FileChange> _files = [];

    private string? _rule;

    /// <summary>Registry values that are different now.</summary>
    public IEnumerable<RegistryChange> Registry => _registry.Values.Where(c => c.Before != c.After);

    /// <summary>Files that are different now.</summary>
    public IEnumerable<FileChange> Files => _files.Values;

    /// <summary>Whether nothing was changed.</summary>
    public bool IsEmpty => _files.Count == 0 && !Registry.Any();

    /// <summary>Everything that is recorded until the result is disposed counts as the work of a rule.</summary>
    public IDisposable For(string rule)
    {
        _rule = rule;
        return new Scope(this);
    }

    /// <summary>Records a registry value.</summary>
    /// <param name="key">The key as Windows calls it.</param>
    /// <param name="name">The value; empty for the default one.</param>
    /// <param name="before">Its old content as text; null when it did not exist.</param>
    /// <param name="after">Its new content as text; null when it was deleted.</param>
    public void RecordRegistry(string key, string name, string? before, string? after)
    {
        Trace?.Invoke($"registry {key}\\{(name.Length == 0 ? "(Default)" : name)}: {before ?? "absent"} -> {after ?? "deleted"}");
        var id = (key.ToUpperInvariant(), name.ToUpperInvariant());
        _registry[id] = _registry.TryGetValue(id, out var earlier)
            ? earlier with { After = after, Rule = _rule }
            : new RegistryChange(key, name, before, after, _rule);
    }

    /// <summary>Records a file.</summary>
    /// <param name="path">Its path, with the volume.</param>
    /// <param name="kind">What happened.</param>
    /// <param name="length">Bytes of its new content.</param>
    public void RecordFile(string path, FileChangeKind kind, long length)
    {
        Trace?.Invoke($"file {path}: " + kind switch
        {
            FileChangeKind.Deleted => "deleted",
            FileChangeKind.Added => $"added, {length} bytes",
            _ => $"replaced, {length} bytes",
        });
        var id = path.ToUpperInvariant();
        if (_files.TryGetValue(id, out var earlier) && earlier.Kind == FileChangeKind.Added)
        {
            if (kind == FileChangeKind.Deleted)
            {
                _files.Remove(id);
                return;
            }

            kind = FileChangeKind.Added;
        }

        _files[id] = new FileChange(path, kind, length, _rule);
    }

    private sealed class Scope(ChangeLog changes) : IDisposable
    {
        public void Dispose() => changes._rule = null;
    }
}
