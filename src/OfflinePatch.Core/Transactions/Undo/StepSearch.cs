namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>Finds the undo files of host files: beside them, in the undo folder, and where pointers lead. Lists each folder once.</summary>
internal sealed class StepSearch
{
    private readonly IHostStorage _storage;
    private readonly StepPointers _pointers;
    private readonly string? _undoFolder;
    private readonly Dictionary<string, IReadOnlyCollection<string>?> _names = new(StringComparer.Ordinal);

    public StepSearch(IHostStorage storage, string? undoFolder)
    {
        _storage = storage;
        _pointers = new StepPointers(storage);
        _undoFolder = undoFolder is null ? null : HostPaths.Resolve(undoFolder);
    }

    /// <summary>
    /// The undo files of changes that were interrupted while they wrote this file. The caller holds the file at least for reading, so none
    /// of them is under way.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="trusted">A further undo file that the user names, or null.</param>
    /// <param name="isMain">Whether it is the file that the user named, and not a part of it.</param>
    /// <exception cref="CorruptImageException"><c>CORE-0023</c>: one of them is damaged, so it is not known.</exception>
    /// <exception cref="RefusedException"><c>CORE-0026</c>: there is one, and it cannot be found.</exception>
    public IReadOnlyList<(StepFile Step, StepRecord Record)> FindInterrupted(IHostHandle file, string? trusted, bool isMain)
    {
        var found = new List<(StepFile, StepRecord)>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            // First under the name that the user gave it: every other path to it counts as seen then.
            if (trusted is not null)
            {
                AddInterrupted(trusted, file, isMain, trusted, found, seen);
            }

            foreach (var path in PathsOf(file))
            {
                AddInterrupted(path, file, isNamedAfterIt: true, trusted, found, seen);
            }

            foreach (var (pointer, target) in _pointers.Read(file, HasName(file.Path + StepNames.PointerSuffix)))
            {
                // Pointers are written after the undo file and deleted before it: one that leads to nothing means that the undo file is
                // lost, or its folder is not mounted.
                if (!AddInterrupted(Moved(target, file), file, isNamedAfterIt: false, trusted, found, seen) && found.Count == 0
                    && !_storage.Exists(target + StepNames.NewSuffix))
                {
                    throw UndoError.StepElsewhere(file.Path, target, pointer);
                }
            }

            return found;
        }
        catch
        {
            found.ForEach(f => f.Item1.Dispose());
            throw;
        }
    }

    /// <summary>
    /// The complete steps of an image, newest first: those named after it, and those next to it that were made of the same file under
    /// another name (a hard link, a name that it had before).
    /// </summary>
    public IReadOnlyList<StepFile> FindComplete(IHostHandle image)
    {
        var steps = new List<StepFile>();
        try
        {
            var named = PathsOf(image).ToHashSet(StringComparer.Ordinal);
            steps.AddRange(named.Select(p => OpenComplete(p, image)).OfType<StepFile>());
            var isUnderOneName = true;
            foreach (var path in UndoFilesBeside(image).Where(p => !named.Contains(p)))
            {
                if (OpenCompleteOfOtherName(path, image) is { } step)
                {
                    steps.Add(step);
                    isUnderOneName = false;
                }
            }

            // Numbers count the steps of one name only.
            return isUnderOneName
                ? [.. steps.OrderByDescending(s => s.Number).ThenByDescending(s => s.Created)]
                : [.. steps.OrderByDescending(s => s.Created).ThenByDescending(s => s.Number)];
        }
        catch
        {
            steps.ForEach(s => s.Dispose());
            throw;
        }
    }

    private StepFile? OpenComplete(string path, IHostHandle image)
    {
        if (Open(path, image) is not { State: var state } step)
        {
            return null;
        }

        if (state == StepState.Complete)
        {
            return step;
        }

        step.Dispose();
        return null;
    }

    private StepFile? OpenCompleteOfOtherName(string path, IHostHandle image)
    {
        StepFile? step = null;
        try
        {
            step = OpenComplete(path, image);
            if (step?.SaysItIsOf(image) == true)
            {
                return step;
            }
        }
        catch (Exception e) when (e is CorruptImageException or RefusedException or HostIOException)
        {
            // It is named after another file, so whatever is wrong with it does not concern this image.
        }

        step?.Dispose();
        return null;
    }

    /// <summary>Undo files in the folder of an image, whatever they are named after.</summary>
    private IEnumerable<string> UndoFilesBeside(IHostHandle image)
    {
        var folder = System.IO.Path.GetDirectoryName(image.Path)!;
        foreach (var name in NamesIn(folder))
        {
            var end = name.LastIndexOf(StepNames.Suffix, StringComparison.Ordinal);
            if (end > 0 && StepNames.NumberOf(name.AsSpan(end), StepNames.Suffix) > 0)
            {
                yield return System.IO.Path.Combine(folder, name);
            }
        }
    }

    /// <summary>
    /// The path of the next step of an image, and its number: one more than any that is there, so that no file is replaced.
    /// </summary>
    public (string Path, int Number) NextStep(IHostHandle image)
    {
        var folder = System.IO.Path.GetDirectoryName(image.Path)!;
        var isElsewhere = _undoFolder is not null && !string.Equals(_undoFolder, folder, StringComparison.Ordinal);
        var tag = isElsewhere ? StepNames.Tag(image.GetStatus().Identity, folder) : null;
        var last = Candidates(image).Select(c => c.Number).DefaultIfEmpty(0).Max();
        for (var number = last + 1; number <= StepLayout.MaxNumber; number++)
        {
            var name = StepNames.Name(System.IO.Path.GetFileName(image.Path), tag, number);
            var path = System.IO.Path.Combine(isElsewhere ? _undoFolder! : folder, name);
            if (!_storage.IsTaken(path) && !_storage.IsTaken(path + StepNames.NewSuffix)) // by a directory
            {
                return (path, number);
            }
        }

        throw UndoError.HistoryIsFull(image.Path);
    }

    /// <summary>
    /// Deletes the leftovers of runs that were killed before or after their change was written: unfinished undo files, undo files whose
    /// change is undone, pointers. The caller has the file open for writing, and no change of it is interrupted.
    /// </summary>
    public void DeleteLeftovers(IHostHandle file)
    {
        foreach (var (path, _) in Candidates(file).ToList())
        {
            DeleteUnfinished(path, file);
            using var step = StepFile.TryOpen(_storage, path);
            if (step is { State: StepState.Restored } && step.WhyNotOwned() is null)
            {
                if (step.WhyNotSigned() is null)
                {
                    Delete(step, file);
                }
                else
                {
                    _storage.Delete(step.Path); // not read: nobody vouches for its size
                }
            }
        }

        foreach (var (_, target) in _pointers.Read(file, HasName(file.Path + StepNames.PointerSuffix)).ToList())
        {
            // A pointer proves nothing, so it may only lead to a file that carries the tag of this image.
            var tag = StepNames.Tag(file.GetStatus().Identity, System.IO.Path.GetDirectoryName(file.Path)!);
            if (StepNames.NumberOf(System.IO.Path.GetFileName(target), System.IO.Path.GetFileName(file.Path), tag) > 0)
            {
                DeleteUnfinished(target, file);
            }
        }

        _pointers.Delete([file]);
        Forget();
    }

    /// <summary>Deletes an undo file that is not needed any more, after the pointers to it.</summary>
    /// <param name="step">The undo file.</param>
    /// <param name="image">The file that it is named after.</param>
    /// <exception cref="HostIOException">The host failed.</exception>
    public void Delete(StepFile step, IHostHandle image)
    {
        if (step.WhyTooLong(image) is null)
        {
            _pointers.DeleteOf(step, step.Path, System.IO.Path.GetDirectoryName(image.Path)!);
        }

        _storage.Delete(step.Path);
        _storage.FlushFolderOf(step.Path);
        Forget();
    }

    private void DeleteUnfinished(string path, IHostHandle file)
    {
        var unfinished = path + StepNames.NewSuffix;
        if (!_storage.Exists(unfinished))
        {
            return;
        }

        try
        {
            using var step = StepFile.TryOpen(_storage, unfinished);
            if (step is not null && step.WhyNotProven() is null)
            {
                _pointers.DeleteOf(step, path, System.IO.Path.GetDirectoryName(file.Path)!);
            }
        }
        catch (Exception e) when (e is CorruptImageException or RefusedException)
        {
            // Not whole, so no pointer leads to it yet: they are written after it.
        }

        _storage.Delete(unfinished);
    }

    /// <summary>Forgets the listings: names have changed.</summary>
    public void Forget() => _names.Clear();

    private bool AddInterrupted(string path, IHostHandle file, bool isNamedAfterIt, string? trusted, List<(StepFile, StepRecord)> found,
        HashSet<string> seen)
    {
        if (!seen.Add(path))
        {
            return true;
        }

        if (Open(path, file) is not { } step)
        {
            return false;
        }

        var keeps = false;
        try
        {
            if (step.State == StepState.Applying && !found.Exists(f => f.Item1.IsSameAs(step)))
            {
                // Before anything of it is read: a hostile file may be of any size.
                if (!string.Equals(path, trusted, StringComparison.Ordinal) && step.WhyNotProven() is { } reason)
                {
                    throw UndoError.NotProven(file.Path, path, reason);
                }

                if (step.RecordOf(file, isNamedAfterIt) is { } record)
                {
                    keeps = true;
                    found.Add((step, record));
                }
                else if (isNamedAfterIt && !string.Equals(path, trusted, StringComparison.Ordinal))
                {
                    throw UndoError.NotProven(file.Path, path, "it lists other files");
                }
            }

            return true;
        }
        finally
        {
            if (!keeps)
            {
                step.Dispose();
            }
        }
    }

    /// <summary>Opens an undo file of a file; null when there is none of this path.</summary>
    /// <exception cref="RefusedException"><c>CORE-0047</c>: the host does not let this user read it.</exception>
    private StepFile? Open(string path, IHostHandle file)
    {
        try
        {
            return StepFile.TryOpen(_storage, path);
        }
        catch (HostIOException e) when (e.IsDenied)
        {
            throw UndoError.StepUnreadable(file.Path, path);
        }
    }

    /// <summary>
    /// Where an undo file is that a pointer names: the undo folder, or the whole folder of the image, may have been moved or renamed.
    /// </summary>
    private string Moved(string target, IHostHandle file)
    {
        var name = System.IO.Path.GetFileName(target);
        string?[] folders = [System.IO.Path.GetDirectoryName(target), _undoFolder, System.IO.Path.GetDirectoryName(file.Path)];
        return folders.Where(f => f is not null).Select(f => System.IO.Path.Combine(f!, name)).FirstOrDefault(_storage.Exists) ?? target;
    }

    private IEnumerable<string> PathsOf(IHostHandle file) => Candidates(file).Where(c => HasName(c.Path)).Select(c => c.Path);

    /// <summary>Paths and numbers of undo files, finished or not, that carry the name or the tag of a file.</summary>
    private IEnumerable<(string Path, int Number)> Candidates(IHostHandle file)
    {
        var folder = System.IO.Path.GetDirectoryName(file.Path)!;
        var name = System.IO.Path.GetFileName(file.Path);
        var candidates = In(folder, n => StepNames.NumberOf(n, name + StepNames.Suffix));
        if (_undoFolder is not null && !string.Equals(_undoFolder, folder, StringComparison.Ordinal))
        {
            var tag = StepNames.Tag(file.GetStatus().Identity, folder);
            candidates = candidates.Concat(In(_undoFolder, n => StepNames.NumberOf(n, name, tag)));
        }

        return candidates;
    }

    private IEnumerable<(string Path, int Number)> In(string folder, Func<string, int> numberOf)
    {
        foreach (var name in NamesIn(folder).Select(WithoutNewSuffix).Distinct(StringComparer.Ordinal))
        {
            if (numberOf(name) is > 0 and var number)
            {
                yield return (System.IO.Path.Combine(folder, name), number);
            }
        }
    }

    private static string WithoutNewSuffix(string name) =>
        name.EndsWith(StepNames.NewSuffix, StringComparison.Ordinal) ? name[..^StepNames.NewSuffix.Length] : name;

    private bool HasName(string path) => NamesIn(System.IO.Path.GetDirectoryName(path)!).Contains(System.IO.Path.GetFileName(path));

    private IReadOnlyCollection<string> NamesIn(string folder)
    {
        if (!_names.TryGetValue(folder, out var names))
        {
            names = _storage.NamesWith(folder, StepNames.Suffix);
            _names.Add(folder, names);
        }

        return names!;
    }
}
