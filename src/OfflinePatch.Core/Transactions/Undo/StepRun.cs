namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>
/// The transitions of one step that write: prepare and apply a change, complete it, undo it. Every transition of the protocol in the README
/// of this assembly is a method here, and nothing else writes to a host file of an image.
/// </summary>
internal sealed class StepRun(IHostStorage storage, StepSearch search)
{
    private readonly StepPointers _pointers = new(storage);

    /// <summary>Whether <see cref="TakeBack"/> could set the times of all files.</summary>
    public bool AreTimesRestored { get; private set; }

    /// <summary>none → applying. Makes the old bytes and the pointers durable; after this the files may be written.</summary>
    /// <returns>The path of the undo file.</returns>
    /// <exception cref="HostIOException">The host failed; nothing is left.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is left.</exception>
    public string Prepare(IReadOnlyList<HostFileChange> changes, string label, CancellationToken cancellation)
    {
        using var stage = RunActivity.Stage("write undo file");
        var (path, number) = search.NextStep(changes[0].Handle);
        var handles = changes.Select(c => c.Handle).ToList();
        var newPath = path + StepNames.NewSuffix;
        if (changes.Sum(c => (long)c.Ranges.Count) > StepLayout.MaxRanges)
        {
            throw UndoError.TooManyRanges(changes[0].Handle.Path);
        }

        try
        {
            using (var output = storage.Create(newPath, isPrivate: true))
            {
                using var writer = new StepWriter(output);
                writer.Write(changes, number, label, storage.EnsureSecret(), cancellation);
            }

            cancellation.ThrowIfCancellationRequested();
            storage.FlushFolderOf(newPath); // a pointer never leads to nothing
            if (storage.Exists(path))
            {
                throw UndoError.UndoFileExists(path);
            }

            _pointers.Write(path, handles, isOneEnough: false);
            storage.Rename(newPath, path);
            storage.FlushFolderOf(path);
            search.Forget();
            return path;
        }
        catch
        {
            // The files are untouched, so nothing of this may stay; what cannot be deleted now is ignored, and the next writer deletes
            // it.
            TryCleanUp(() => _pointers.Delete(handles), () => DeleteIfPresent(newPath), () => DeleteOwn(path, number));
            throw;
        }
    }

    /// <summary>applying → complete, or applying → restored when anything at all goes wrong.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="HostIOException"><c>CORE-0020</c>: rolled back; <c>CORE-0021</c>: rolling back failed too, and the undo file
    /// stays.</exception>
    /// <exception cref="RefusedException">Another program opened or wrote a file meanwhile; nothing was written.</exception>
    public long Apply(IReadOnlyList<HostFileChange> changes, string stepPath, Action<string>? note)
    {
        using var stage = RunActivity.Stage("write image");
        var isWritten = false;
        try
        {
            foreach (var change in changes)
            {
                change.CheckUnchanged();
            }

            foreach (var change in changes)
            {
                change.Reserve();
            }

            isWritten = true;
            foreach (var change in changes)
            {
                change.Apply();
            }

            using var step = storage.OpenOwn(stepPath, writable: true);
            StepWriter.Complete(step, [.. changes.Select(c => c.Handle)], storage.Secret);
        }
        catch (Exception e) // whatever it is: what was written is rolled back first
        {
            try
            {
                using var step = StepFile.TryOpen(storage, stepPath) ?? throw ImageFileError.Missing(stepPath);
                using var takingBack = RunActivity.Stage("take back");
                var files = step.Records.Select((r, i) => (r, changes[i].Handle)).ToList();
                var isOfOriginal = BeginRestore(step, files);
                RestoreFiles(step, files, isOfOriginal, note);
                EndRestore(step, files, isOfOriginal);
            }
            catch (Exception worse) // the undo file stays, and the error names it
            {
                throw UndoError.RollBackFailed(changes[0].Handle.Path, stepPath, worse);
            }

            if (e is RefusedException && !isWritten)
            {
                throw;
            }

            throw UndoError.CommitRolledBack(changes[0].Handle.Path, e);
        }

        return changes.Sum(c => c.ByteCount);
    }

    /// <summary>complete → kept, or complete → gone. The change is made; what fails here is only a note.</summary>
    public void Finish(IReadOnlyList<HostFileChange> changes, string stepPath, bool keep, Action<string>? note)
    {
        try
        {
            _pointers.Delete(changes.Select(c => c.Handle));
            if (!keep)
            {
                storage.Delete(stepPath);
                storage.FlushFolderOf(stepPath);
            }
        }
        catch (HostIOException e)
        {
            note?.Invoke($"The change is complete, but a file of its undo history could not be deleted: {e.Message}");
        }

        search.Forget();
    }

    /// <summary>
    /// complete, version 2 → complete, version 3. One hash for a whole range cannot tell a range that is half restored: without this, an
    /// undo of version 2 that is killed could not be resumed.
    /// </summary>
    /// <param name="step">The step, of version 2.</param>
    /// <param name="files">The files of all of its records, which hold what it wrote.</param>
    /// <returns>The same step, which the caller disposes.</returns>
    /// <exception cref="HostIOException">The host failed; the step is as it was.</exception>
    public StepFile Upgrade(StepFile step, IReadOnlyList<IHostHandle> files)
    {
        var newPath = step.Path + StepNames.NewSuffix;
        try
        {
            using (var output = storage.Create(newPath, isPrivate: true))
            {
                using var writer = new StepWriter(output);
                writer.WriteCopy(step, files, storage.EnsureSecret());
            }

            storage.FlushFolderOf(newPath);
            storage.Rename(newPath, step.Path);
            storage.FlushFolderOf(step.Path);
        }
        catch
        {
            TryCleanUp(() => DeleteIfPresent(newPath));
            throw;
        }

        search.Forget();
        return StepFile.TryOpen(storage, step.Path) ?? throw ImageFileError.Missing(step.Path);
    }

    /// <summary>complete or applying → applying → restored → gone. Can be repeated from wherever it was interrupted.</summary>
    /// <param name="step">The step.</param>
    /// <param name="files">All of its records, and their files, open for writing.</param>
    /// <param name="note">Receives what could not be restored and is no failure.</param>
    /// <exception cref="HostIOException">The host failed: before anything was restored, or (<c>CORE-0049</c>) when a part may be. The step
    /// then stays in state applying.</exception>
    public void TakeBack(StepFile step, IReadOnlyList<(StepRecord Record, IHostHandle File)> files, Action<string>? note)
    {
        using var stage = RunActivity.Stage("take back");
        var isOfOriginal = BeginRestore(step, files);
        try
        {
            RestoreFiles(step, files, isOfOriginal, note);
        }
        catch (Exception e) // whatever it is: the user has to know that a part may be restored
        {
            throw UndoError.RestoreFailed(files[0].File.Path, step.Path, e);
        }

        EndRestore(step, files, isOfOriginal);
    }

    /// <summary>complete or applying → applying.</summary>
    /// <returns>
    /// Whether the files are a copy that was recovered through its pointer: the undo file is that of the original, which still needs it.
    /// </returns>
    private bool BeginRestore(StepFile step, IReadOnlyCollection<(StepRecord Record, IHostHandle File)> files)
    {
        AreTimesRestored = true;
        var isOfOriginal = IsOfOther(step, files);
        _pointers.Write(step.Path, files.Select(f => f.File), isOneEnough: true);
        if (step.ReadState() != StepState.Applying)
        {
            step.SetState(StepState.Applying);
        }

        return isOfOriginal;
    }

    /// <summary>applying → restored.</summary>
    private void RestoreFiles(StepFile step, IEnumerable<(StepRecord Record, IHostHandle File)> files, bool isOfOriginal,
        Action<string>? note)
    {
        foreach (var (record, file) in files)
        {
            if (!StepRestore.Apply(step.Handle, record, file))
            {
                AreTimesRestored = false;
                note?.Invoke($"The time of {file.Path} could not be set to what it was (only its owner may do that). Its bytes are "
                    + "restored.");
            }
        }

        if (!isOfOriginal)
        {
            step.SetState(StepState.Restored);
        }
    }

    /// <summary>restored → gone.</summary>
    private void EndRestore(StepFile step, IEnumerable<(StepRecord Record, IHostHandle File)> files, bool isOfOriginal)
    {
        _pointers.Delete(files.Select(f => f.File));
        if (!isOfOriginal)
        {
            storage.Delete(step.Path);
            storage.FlushFolderOf(step.Path);
            search.Forget();
        }
    }

    /// <summary>
    /// Whether a step lies in a folder of undo files, and was made of other files than these: a copy has the name and the content that the
    /// original had, and the step belongs to that.
    /// </summary>
    public static bool IsOfOther(StepFile step, IReadOnlyCollection<(StepRecord Record, IHostHandle File)> files) =>
        files.Any(f => f.Record.Identity.IsKnown && !f.Record.Identity.Matches(f.File.GetStatus().Identity))
        && !string.Equals(Path.GetDirectoryName(step.Path), Path.GetDirectoryName(files.First().File.Path), StringComparison.Ordinal);

    // The name may be given already when making it durable fails; another user's undo file stays.
    private void DeleteOwn(string path, int number)
    {
        bool isOwn;
        using (var step = StepFile.TryOpen(storage, path))
        {
            isOwn = step is { State: StepState.Applying } && step.Number == number && step.WhyNotOwned() is null;
        }

        if (isOwn)
        {
            DeleteIfPresent(path);
        }
    }

    private void DeleteIfPresent(string path)
    {
        if (storage.Exists(path))
        {
            storage.Delete(path);
            storage.FlushFolderOf(path);
        }
    }

    private static void TryCleanUp(params Action[] actions)
    {
        foreach (var action in actions)
        {
            try
            {
                action();
            }
            catch (Exception e) when (e is HostIOException or CorruptImageException or RefusedException)
            {
                // The error that led here is the one to report.
            }
        }
    }
}
