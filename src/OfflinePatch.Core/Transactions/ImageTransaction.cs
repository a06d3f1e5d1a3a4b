namespace OfflinePatch.Core.Transactions;

/// <summary>
/// The host files of one image, changed all together or not at all. Everything above sees a writable view; the files themselves are only
/// read until <see cref="Commit"/>, which first makes the old bytes durable (the undo file), then writes. A process that is killed anywhere
/// leaves the old image, or an image and an undo file: a later transaction that may write rolls it back, one that only reads shows the old
/// bytes and writes nothing.
/// </summary>
/// <remarks>Not safe for several threads, except that its devices may be read by several at once while nothing is written.</remarks>
public sealed class ImageTransaction : IImageFiles, IDisposable
{
    private readonly IHostStorage _storage;
    private readonly TransactionOptions _options;
    private readonly OverlayStorage _overlayStorage;
    private readonly StepSearch _search;
    private readonly List<TransactionFile> _files = [];
    private readonly List<InterruptedStep> _interrupted = [];

    private ImageTransaction(IHostStorage storage, string path, TransactionOptions options)
    {
        _storage = storage;
        _options = options;
        _overlayStorage = new OverlayStorage(options.MemoryLimit);
        _search = new StepSearch(storage, options.UndoFolder);
        ImagePath = path;
        try
        {
            Image = OpenFile(Hosting.HostPaths.Resolve(path), options.Writable, isPlain: false).Overlay;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string ImagePath { get; }

    /// <inheritdoc/>
    public ResizableDevice Image { get; }

    /// <summary>Whether an interrupted change was rolled back.</summary>
    public bool RolledBack { get; private set; }

    /// <summary>Whether an interrupted change was found, and the image is shown as it was before it; nothing was written.</summary>
    public bool ShowsOldBytes => _interrupted.Count > 0;

    /// <summary>Bytes of all host files of the image.</summary>
    public long HostLength => _files.Sum(f => f.View.Length);

    /// <summary>What the host did not say about the files, and what became of an interrupted change; for the report.</summary>
    public IEnumerable<string> HostNotes
    {
        get
        {
            if (RolledBack)
            {
                yield return $"An earlier change of {ImagePath} was interrupted while it wrote; it was rolled back first.";
            }

            foreach (var main in _interrupted.Select(i => i.MainPath))
            {
                yield return $"A change of {main} was interrupted while it wrote; the image is shown as it was before. "
                    + $"`offlinepatch recover {ShellText.Quote(main)}` rolls it back.";
            }

            foreach (var file in _files.Where(f => f.Handle.MayHaveOtherWriter))
            {
                yield return $"The host does not say whether another program has {file.Handle.Path} open for writing. Make sure that no "
                    + "virtual machine uses it.";
            }
        }
    }

    /// <summary>Whether parents or backing files of the image were opened.</summary>
    public bool HasParents { get; private set; }

    /// <summary>The paths of all host files of the image that were opened so far, the named one first.</summary>
    public IEnumerable<string> HostPaths => _files.Select(f => f.Handle.Path);

    internal IReadOnlyList<TransactionFile> Files => _files;

    internal IReadOnlyList<InterruptedStep> Interrupted => _interrupted;

    internal StepSearch Search => _search;

    /// <summary>Whether the last undo of this transaction could set the times of all files.</summary>
    internal bool AreTimesRestored { get; private set; } = true;

    /// <summary>The interrupted change that was rolled back, or null.</summary>
    internal ImageStep? RolledBackStep { get; private set; }

    /// <summary>Opens an image. If an earlier change of it was interrupted, the image is seen as it was before that.</summary>
    /// <exception cref="HostIOException">The file is missing, unreadable, or read-only where <see cref="TransactionOptions.Writable"/> asks
    /// for more.</exception>
    /// <exception cref="RefusedException">
    /// Another program uses the file (<c>CORE-0013</c>, <c>CORE-0014</c>); a change was interrupted, and its undo file cannot be found
    /// (<c>CORE-0026</c>) or is not proven to belong to this image (<c>CORE-0027</c>).
    /// </exception>
    /// <exception cref="CorruptImageException"><c>CORE-0023</c>: an undo file next to the image is damaged.</exception>
    public static ImageTransaction Open(string path, TransactionOptions options) => Open(HostStorage.Instance, path, options);

    internal static ImageTransaction Open(IHostStorage storage, string path, TransactionOptions options) => new(storage, path, options);

    /// <inheritdoc/>
    public ImageFile OpenCompanion(string relativeTo, string name, CompanionKind kind)
    {
        var path = ResolveCompanion(relativeTo, name, kind);
        HasParents |= kind == CompanionKind.Parent;
        var known = _files.Find(f => string.Equals(f.Handle.Path, path, StringComparison.Ordinal));
        if (known is not null)
        {
            return new ImageFile(path, known.Overlay);
        }

        try
        {
            var isExtent = kind == CompanionKind.Extent;
            var file = OpenFile(isExtent ? path : Hosting.HostPaths.Resolve(path), _options.Writable && isExtent, isPlain: isExtent);
            return new ImageFile(path, file.Overlay);
        }
        catch (HostIOException e) when (e.IsMissing && !_storage.Exists(path))
        {
            throw ImageFileError.CompanionMissing(relativeTo, name, e);
        }
    }

    /// <summary>
    /// Tells the transaction that the container has opened every file that it names. Where it may write, an interrupted change is rolled
    /// back now.
    /// </summary>
    /// <inheritdoc cref="RollBackInterrupted" path="/exception"/>
    public void AllFilesNamed()
    {
        if (_options.Writable)
        {
            RollBackInterrupted();
        }
    }

    /// <summary>
    /// Writes what changed, all or nothing. What was written with the bytes that were there already does not count; if nothing else is
    /// left, no file is touched.
    /// </summary>
    /// <param name="cancellation">Looked at until the first byte of the image is written, and not after it.</param>
    /// <exception cref="HostIOException">
    /// The host failed; the image is unchanged, or rolled back (<c>CORE-0020</c>), or rolling back failed and the undo file stays
    /// (<c>CORE-0021</c>).
    /// </exception>
    /// <exception cref="RefusedException">
    /// Another program has a file open for writing (<c>CORE-0014</c>), or wrote it meanwhile (<c>CORE-0043</c>); nothing was written.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled; the image is unchanged.</exception>
    public CommitResult Commit(CancellationToken cancellation = default)
    {
        if (!_options.Writable)
        {
            throw CoreError.NotWritable();
        }

        using var writing = HostProcess.BeginWriting();
        RollBackInterrupted();
        using var stage = RunActivity.Stage("commit");
        var changes = FindChanges(cancellation);

        if (changes.TrueForAll(c => c.IsEmpty))
        {
            return new CommitResult(0, null);
        }

        // The file that was named is always in the step: the history is its.
        changes.RemoveAll(c => c.IsEmpty && c != changes[0]);
        var run = new StepRun(_storage, _search);
        var step = run.Prepare(changes, _options.Label, cancellation);
        var written = run.Apply(changes, step, _options.Note);
        changes.ForEach(c => c.NoteWritten());
        run.Finish(changes, step, _options.KeepUndo, _options.Note);
        return new CommitResult(written, _options.KeepUndo ? step : null);
    }

    private List<HostFileChange> FindChanges(CancellationToken cancellation)
    {
        using var stage = RunActivity.Stage("find changes");
        var changes = new List<HostFileChange>();
        foreach (var file in _files.Where(f => f.IsExclusive))
        {
            cancellation.ThrowIfCancellationRequested();
            changes.Add(HostFileChange.Find(file, cancellation));
        }

        return changes;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _interrupted.ForEach(s => s.Dispose());
        _files.ForEach(f => f.Dispose());
        _overlayStorage.Dispose();
    }

    /// <summary>Rolls interrupted changes back, and says so.</summary>
    /// <exception cref="RefusedException"><c>CORE-0028</c>: other files belong to the change that this image does not name.</exception>
    /// <exception cref="HostIOException">The host failed; the undo file stays.</exception>
    internal void RollBackInterrupted()
    {
        foreach (var interrupted in _interrupted.Where(i => i.IsWritable).ToList())
        {
            var files = new List<(StepRecord, IHostHandle)>();
            foreach (var record in interrupted.Step.Records)
            {
                if (interrupted.Files.TryGetValue(record, out var file) && file.IsExclusive)
                {
                    files.Add((record, file.Handle));
                }
                else if (record.Index == 0 || record.Ranges.Length > 0 || record.OldLength != record.NewLength)
                {
                    throw UndoError.OtherImageInterrupted(ImagePath, interrupted.MainPath, interrupted.Step.Path);
                }
            }

            RequireNotOfRenamed(interrupted, files);
            using var writing = HostProcess.BeginWriting();
            files.ForEach(f => f.Item2.CheckNoOtherWriter());
            RolledBackStep = ImageHistory.Describe(interrupted.Step, this);
            new StepRun(_storage, _search).TakeBack(interrupted.Step, files, _options.Note);
            foreach (var file in interrupted.Files.Values)
            {
                file.View.ShowFile();
                file.NoteWriteTime();
            }

            RolledBack = true;
            _interrupted.Remove(interrupted);
            interrupted.Dispose();
            _options.Note?.Invoke($"{ImagePath}: a change that was interrupted while it wrote was rolled back; the image is what it was "
                + "before.");
        }
    }

    /// <summary>
    /// A file that took the name of the one that was being written (a new export) may hold the old bytes and so be proven. The undo file is
    /// still needed by the renamed one, to which a pointer of this host leads by identity.
    /// </summary>
    private void RequireNotOfRenamed(InterruptedStep interrupted, List<(StepRecord Record, IHostHandle File)> files)
    {
        if (string.Equals(interrupted.Step.Path, _options.TrustedUndoFile, StringComparison.Ordinal)
            || StepRun.IsOfOther(interrupted.Step, files)) // then the undo file stays
        {
            return;
        }

        var pointers = new StepPointers(_storage);
        foreach (var (record, file) in files)
        {
            if (!record.Identity.Matches(file.GetStatus().Identity) && pointers.LeadsTo(record.Identity, interrupted.Step.Path))
            {
                throw UndoError.StepOfRenamed(file.Path, interrupted.Step.Path);
            }
        }
    }

    /// <summary>
    /// Opens the other files of interrupted changes without asking the container: only those that are the very files of the change, in an
    /// undo file that this user provably wrote.
    /// </summary>
    internal void OpenFilesOfInterrupted()
    {
        foreach (var interrupted in _interrupted.ToList())
        {
            foreach (var record in interrupted.Step.Records.Where(r => !interrupted.Files.ContainsKey(r)))
            {
                OpenVeryFile(interrupted.Step, record);
            }
        }
    }

    /// <summary>Requires that a complete step may be used, before anything of its undo file but the header is read.</summary>
    /// <exception cref="RefusedException"><c>CORE-0038</c>: it may not be used at all; <c>CORE-0025</c>: not without the user's
    /// word.</exception>
    internal void CheckMayUndo(StepFile step, UndoOptions options)
    {
        if (step.WhyNotOwned() is { } reason)
        {
            throw UndoError.UndoFileMayNotBeUsed(step.Path, reason);
        }

        if (options.Force)
        {
            return;
        }

        // The code cannot be left out: whoever has a secret has written it into every undo file.
        var unsigned = !step.IsLegacy && (step.IsKeyed || _storage.Secret is not null) ? step.WhyNotSigned() : null;
        if ((unsigned ?? step.WhyTooLong(_files[0].Handle)) is { } doubt)
        {
            throw UndoError.SeemsChanged(ImagePath, doubt);
        }
    }

    /// <summary>
    /// complete → applying → restored → gone, after every file was compared with the step. The caller has called
    /// <see cref="CheckMayUndo"/>.
    /// </summary>
    /// <param name="step">The step, complete.</param>
    /// <param name="timesCount">Whether the time of the last write shows other writers: not after an undo that could not set it.</param>
    /// <param name="options">What the user vouches for.</param>
    internal void Undo(StepFile step, bool timesCount, UndoOptions options)
    {
        var files = step.Records.Select(r => (Record: r, File: FileOf(step, r, options.NameFiles is not null).Handle)).ToList();
        foreach (var (record, file) in files)
        {
            if (StepProof.WhyNotNew(step.Handle, record, file) is { } difference)
            {
                throw UndoError.ChangedSince(file.Path, difference);
            }
        }

        foreach (var (record, file) in files.Where(_ => timesCount && !options.Force))
        {
            var status = file.GetStatus();
            if (record.NewTime is { } time && time != status.WriteTime)
            {
                throw UndoError.SeemsChanged(file.Path, record.Identity.Matches(status.Identity)
                    ? $"it was last written at {status.WriteTime.ToUtc():yyyy-MM-dd HH:mm:ss.fffffff}, and the change ended at "
                        + $"{time.ToUtc():yyyy-MM-dd HH:mm:ss.fffffff}"
                    : "it is a copy of the file that was changed, made later");
            }
        }

        if (StepRun.IsOfOther(step, files))
        {
            throw UndoError.StepOfOther(ImagePath, step.Path);
        }

        using var writing = HostProcess.BeginWriting();
        files.ForEach(f => f.File.CheckNoOtherWriter());
        var run = new StepRun(_storage, _search);
        if (step.IsLegacy)
        {
            using var upgraded = run.Upgrade(step, files.ConvertAll(f => f.File));
            run.TakeBack(upgraded, [.. upgraded.Records.Zip(files, (r, f) => (r, f.File))], options.Note);
        }
        else
        {
            run.TakeBack(step, files, options.Note);
        }

        AreTimesRestored = run.AreTimesRestored;
    }

    private TransactionFile FileOf(StepFile step, StepRecord record, bool isNamedByImage)
    {
        var main = _files[0];
        if (ReferenceEquals(step.RecordOf(main.Handle, isNamedAfterIt: true), record))
        {
            return main;
        }

        var path = Path.Combine(Path.GetDirectoryName(main.Handle.Path)!, record.Name);
        return _files.Find(f => f.IsExclusive && string.Equals(f.Handle.Path, path, StringComparison.Ordinal))
            ?? _files.Find(f => f.IsExclusive && record.Identity.IsKnown && f.Handle.GetStatus().Identity is { IsKnown: true } identity
                && record.Identity.Matches(identity))
            ?? (isNamedByImage ? throw UndoError.NotNamedByImage(ImagePath, record.Name) : OpenVeryFile(step, record));
    }

    private TransactionFile OpenVeryFile(StepFile step, StepRecord record)
    {
        var path = Path.Combine(Path.GetDirectoryName(_files[0].Handle.Path)!, record.Name);
        var file = OpenFile(path, _options.Writable, isPlain: true);
        return step.WhyNotSigned() is null && record.Identity.IsKnown && record.Identity.Matches(file.Handle.GetStatus().Identity)
            ? file
            : throw UndoError.NotNamedByImage(ImagePath, record.Name);
    }

    private TransactionFile OpenFile(string path, bool exclusive, bool isPlain)
    {
        var handle = isPlain ? _storage.OpenPlain(path, exclusive) : exclusive ? _storage.OpenExclusive(path) : _storage.OpenRead(path);
        var file = new TransactionFile(handle, exclusive);
        try
        {
            var interrupted = _search.FindInterrupted(handle, _options.TrustedUndoFile, isMain: _files.Count == 0);
            foreach (var (step, record) in interrupted)
            {
                Show(step, record, file);
            }

            if (exclusive && interrupted.Count == 0)
            {
                _search.DeleteLeftovers(handle);
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }

        file.CreateOverlay(_overlayStorage);
        _files.Add(file);
        return file;
    }

    /// <summary>Shows a file as it was before the step that was interrupted while it wrote.</summary>
    private void Show(StepFile step, StepRecord record, TransactionFile file)
    {
        var known = _interrupted.Find(i => i.Step.IsSameAs(step));
        if (known is not null)
        {
            step.Dispose();
            record = known.Step.Records[record.Index];
        }
        else
        {
            known = new InterruptedStep(step);
            _interrupted.Add(known);
        }

        var isFirst = known.Files.Count == 0;
        known.Add(record, file, _options);
        if (_options.Writable && !file.IsExclusive)
        {
            throw UndoError.BaseInterrupted(ImagePath, known.MainPath); // a change on top of it would be useless
        }

        if (isFirst && !_options.Writable)
        {
            var main = known.MainPath;
            _options.Note?.Invoke(
                $"{main}: a change was interrupted while it wrote. The image is shown as it was before; nothing is written. "
                + $"To roll it back: offlinepatch recover {ShellText.Quote(main)}");
        }
    }

    private string ResolveCompanion(string relativeTo, string name, CompanionKind kind)
    {
        if (kind == CompanionKind.Parent && !_options.AllowParents)
        {
            throw ImageFileError.ParentNotAllowed(name);
        }

        // Parts are next to the image itself, not next to a link to it: the undo file names them by the image's folder.
        var folder = Path.GetDirectoryName(kind == CompanionKind.Extent ? Hosting.HostPaths.Resolve(relativeTo)
            : Path.GetFullPath(relativeTo)) ?? "";
        if (kind == CompanionKind.Extent && !HostNames.IsPlain(name))
        {
            throw ImageFileError.CompanionOutsideFolder(name);
        }

        return Path.GetFullPath(Path.Combine(folder, name.Contains('\0') ? throw ImageFileError.CompanionOutsideFolder(name) : name));
    }
}
