using System.Text;

namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>
/// Small files that lead from each file of a change to its undo file while the change (or its undoing) is under way: one next to the file,
/// found by its name, and one in the state folder of the user, found by its identity, whatever link or mount the file is reached by. They
/// say where to look and prove nothing.
/// </summary>
internal sealed class StepPointers(IHostStorage storage)
{
    private const string MarkFolder = "applying";

    private static ReadOnlySpan<byte> Magic => "offlinepatch undo file\n"u8;

    /// <summary>
    /// Where the pointers of a file lead; empty when it has none. An unfinished pointer leads nowhere: the file was not written yet.
    /// </summary>
    public IEnumerable<(string Pointer, string Target)> Read(IHostHandle file, bool besideExists)
    {
        foreach (var pointer in (string?[])[besideExists ? BesidePath(file) : null, MarkPath(file)])
        {
            if (pointer is not null && ReadTarget(pointer) is { } target)
            {
                yield return (pointer, target);
            }
        }
    }

    /// <summary>Makes pointers to an undo file durable. Those that are right already are left alone.</summary>
    /// <param name="stepPath">The undo file.</param>
    /// <param name="files">All files of the change.</param>
    /// <param name="isOneEnough">
    /// Whether a file may do without the pointer next to it where the host cannot make that (a full disk), and it has the other one.
    /// Undoing a change must not need space; a commit requires the one beside.
    /// </param>
    /// <exception cref="HostIOException">The host failed.</exception>
    public void Write(string stepPath, IEnumerable<IHostHandle> files, bool isOneEnough)
    {
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            var isMarked = TryWriteMark(file, stepPath, folders);
            if (IsNamedAfter(stepPath, file))
            {
                continue;
            }

            try
            {
                Write(BesidePath(file), stepPath, folders);
            }
            catch (HostIOException) when (isOneEnough && isMarked)
            {
                // Found by its identity.
                TryDelete(BesidePath(file));
            }
            catch (HostIOException e)
            {
                throw UndoError.NoPointer(file.Path, e);
            }
        }

        foreach (var pointer in folders)
        {
            storage.FlushFolderOf(pointer);
        }
    }

    /// <summary>Deletes the pointers of files, durably.</summary>
    /// <exception cref="HostIOException">The host failed.</exception>
    public void Delete(IEnumerable<IHostHandle> files) =>
        Delete(files.SelectMany(f => (string?[])[BesidePath(f), MarkPath(f)]), target: null);

    /// <summary>
    /// Deletes the pointers that lead to an undo file, durably: before it is deleted itself, since a pointer that leads to nothing means a
    /// lost undo file.
    /// </summary>
    /// <param name="step">The undo file, finished or not.</param>
    /// <param name="target">The path that the pointers hold.</param>
    /// <param name="folder">The folder of the image.</param>
    /// <exception cref="HostIOException">The host failed.</exception>
    public void DeleteOf(StepFile step, string target, string folder) =>
        Delete(step.Records.SelectMany(r => (string?[])[Path.Combine(folder, r.Name + StepNames.PointerSuffix), MarkPath(r.Identity)]),
            target);

    private void Delete(IEnumerable<string?> pointers, string? target)
    {
        var folders = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pointer in pointers)
        {
            if (pointer is not null && storage.Exists(pointer)
                && (target is null || string.Equals(ReadTarget(pointer), target, StringComparison.Ordinal)))
            {
                storage.Delete(pointer);
                folders[Path.GetDirectoryName(pointer)!] = pointer;
            }
        }

        foreach (var pointer in folders.Values)
        {
            storage.FlushFolderOf(pointer);
        }
    }

    /// <summary>
    /// Whether the file has a pointer in the state folder. That may be full or not writable: then the pointer next to the file is what
    /// counts, and only through another hard link or mount of the file is the change not found.
    /// </summary>
    private bool TryWriteMark(IHostHandle file, string stepPath, HashSet<string> folders)
    {
        if (MarkPath(file) is not { } mark)
        {
            return false;
        }

        try
        {
            storage.CreateFolderOf(mark);
            Write(mark, stepPath, folders);
            return true;
        }
        catch (HostIOException)
        {
            return false;
        }
    }

    /// <summary>Deletes a pointer that could not be written; what is left of it leads nowhere.</summary>
    private void TryDelete(string pointer)
    {
        try
        {
            if (storage.Exists(pointer))
            {
                storage.Delete(pointer);
            }
        }
        catch (HostIOException)
        {
            // An empty file: the next writer deletes it.
        }
    }

    /// <summary>Whether the file that has this identity has a pointer to an undo file: one that was being written on this host.</summary>
    public bool LeadsTo(FileIdentity identity, string stepPath) =>
        MarkPath(identity) is { } mark && string.Equals(ReadTarget(mark), stepPath, StringComparison.Ordinal);

    private void Write(string pointer, string target, HashSet<string> folders)
    {
        if (string.Equals(ReadTarget(pointer), target, StringComparison.Ordinal))
        {
            return;
        }

        using var file = storage.Create(pointer, isPrivate: true);
        file.Write(0, [.. Magic, .. Encoding.UTF8.GetBytes(target)]);
        file.Flush();
        folders.RemoveWhere(p => string.Equals(Path.GetDirectoryName(p), Path.GetDirectoryName(pointer), StringComparison.Ordinal));
        folders.Add(pointer);
    }

    private string? ReadTarget(string pointer)
    {
        if (!storage.Exists(pointer))
        {
            return null;
        }

        using var file = storage.OpenOwn(pointer, writable: false);
        var content = new byte[(int)Math.Min(file.Length, StepLayout.MaxName + Magic.Length)];
        file.Read(0, content);

        // Version 2 wrote the path alone.
        var path = Encoding.UTF8.GetString(content.AsSpan().StartsWith(Magic) ? content.AsSpan(Magic.Length) : content);
        return Path.IsPathFullyQualified(path) && path.Contains(StepNames.Suffix, StringComparison.Ordinal)
            && !path.Contains('\0') ? path : null;
    }

    private static bool IsNamedAfter(string stepPath, IHostHandle file) => StepNames.NumberOf(stepPath, file.Path + StepNames.Suffix) > 0;

    private static string BesidePath(IHostHandle file) => file.Path + StepNames.PointerSuffix;

    private string? MarkPath(IHostHandle file) => MarkPath(file.GetStatus().Identity);

    private string? MarkPath(FileIdentity identity)
    {
        if (storage.StateFolder is not { } folder || !identity.IsKnown)
        {
            return null;
        }

        var born = identity.Birth is { } birth ? $"{birth.Seconds:x}.{birth.Nanoseconds:x}" : $"{identity.Device:x}";
        return Path.Combine(folder, MarkFolder, $"{identity.Inode:x}-{born}");
    }
}
