using OfflinePatch.Core.Hosting;

namespace OfflinePatch.Cli.Batch;

/// <summary>
/// The images in a directory that others write to. Polled: a network file system does not notify its clients of changes.
/// </summary>
/// <param name="folder">The directory; images below it are not looked for.</param>
/// <param name="settle">How long an image must not have changed to count as complete.</param>
internal sealed class Arrivals(string folder, TimeSpan settle)
{
    private readonly Dictionary<string, (long Length, DateTime Modified, DateTimeOffset Since)> _seen = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Length, DateTime Modified)> _left = new(StringComparer.Ordinal);

    /// <summary>
    /// The images that did not change since they were seen <c>settle</c> ago or longer, and were not left as they are now.
    /// </summary>
    /// <param name="now">The time.</param>
    public IReadOnlyList<string> Complete(DateTimeOffset now)
    {
        var complete = new List<string>();
        foreach (var path in ImagePaths.In(folder))
        {
            if (HostPaths.StateOf(path) is not { } state || (_left.TryGetValue(path, out var left) && left == state))
            {
                continue;
            }

            if (!_seen.TryGetValue(path, out var seen) || (seen.Length, seen.Modified) != state)
            {
                // One that was written long ago is complete at the first poll.
                seen = (state.Length, state.Modified,
                    new DateTimeOffset(state.Modified, TimeSpan.Zero) <= now - settle ? now - settle : now);
                _seen[path] = seen;
            }

            if (now - seen.Since >= settle)
            {
                complete.Add(path);
            }
        }

        return complete;
    }

    /// <summary>Leaves an image where it is until it changes.</summary>
    public void Leave(string path)
    {
        if (HostPaths.StateOf(path) is { } state)
        {
            _left[path] = state;
        }
    }

    /// <summary>
    /// Moves an image, the other files of it and its undo files. The image itself goes last: who waits for it in the other directory finds
    /// all of it.
    /// </summary>
    /// <exception cref="HostIOException">The host refuses, or there is a file of that name.</exception>
    public void Move(string path, string target)
    {
        var name = Path.GetFileName(path);
        var stem = Path.GetFileNameWithoutExtension(name);
        foreach (var other in HostPaths.List(folder).Where(e => !e.IsDirectory).Select(e => e.Name).Where(n =>
            n.StartsWith(name + UndoFileName.Suffix, StringComparison.Ordinal) || (n != name && ImagePaths.IsPartOf(n, stem)))
            .Order(StringComparer.Ordinal))
        {
            HostPaths.Move(Path.Combine(folder, other), Path.Combine(target, other));
        }

        HostPaths.Move(path, Path.Combine(target, name));
        _seen.Remove(path);
    }
}
