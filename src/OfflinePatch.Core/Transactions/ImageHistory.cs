namespace OfflinePatch.Core.Transactions;

/// <summary>Which changes to undo, and what the user vouches for.</summary>
public sealed record UndoOptions
{
    /// <summary>Folder of the undo files, or null for the image's own.</summary>
    public string? UndoFolder { get; init; }

    /// <summary>Whether every change is undone, to the original bytes, and not only the last one.</summary>
    public bool All { get; init; }

    /// <summary>
    /// Whether an image is accepted whose time or identity is not the recorded one, or whose undo file another user wrote. Its length and
    /// its content must be right all the same.
    /// </summary>
    public bool Force { get; init; }

    /// <summary>
    /// Opens every file that the image names as a part of itself; null where the image is one file, or only files count that are the very
    /// ones of the change.
    /// </summary>
    public Action<IImageFiles>? NameFiles { get; init; }

    /// <summary>Receives what the user has to know and is no error, or null.</summary>
    public Action<string>? Note { get; init; }

    /// <summary>Receives each change once it is undone: with <see cref="All"/>, a later one may be refused. Or null.</summary>
    public Action<ImageStep>? Undone { get; init; }
}

/// <summary>How to recover an image whose change was interrupted.</summary>
public sealed record RecoverOptions
{
    /// <inheritdoc cref="UndoOptions.UndoFolder"/>
    public string? UndoFolder { get; init; }

    /// <summary>An undo file that the user trusts, though nothing proves who wrote it; or null.</summary>
    public string? TrustedUndoFile { get; init; }

    /// <summary>Whether it is only reported what would be written.</summary>
    public bool DryRun { get; init; }

    /// <inheritdoc cref="UndoOptions.NameFiles"/>
    public Action<IImageFiles>? NameFiles { get; init; }

    /// <inheritdoc cref="UndoOptions.Note"/>
    public Action<string>? Note { get; init; }
}

/// <summary>A change in the history of an image.</summary>
/// <param name="Number">Its number; later changes have higher ones.</param>
/// <param name="Created">When it was made, UTC.</param>
/// <param name="Label">The command that made it; empty where that is not known.</param>
/// <param name="UndoFile">Its undo file.</param>
/// <param name="UndoFileLength">Bytes of that.</param>
/// <param name="Files">The files that it wrote, and how many bytes of each.</param>
public sealed record ImageStep(int Number, DateTime Created, string Label, string UndoFile, long UndoFileLength,
    IReadOnlyList<ImageStepFile> Files)
{
    /// <summary>Why the files are not listed, and the undo file was not read: nobody vouches for it, and it is longer than it can be; or
    /// null.</summary>
    public string? WhyNotRead { get; init; }
}

/// <summary>A file of a change.</summary>
/// <param name="Path">Its path, as far as it is known: in the folder of the image.</param>
/// <param name="Bytes">Bytes that the change wrote.</param>
/// <param name="OldLength">Bytes of the file before the change.</param>
/// <param name="NewLength">Bytes of the file after it.</param>
public sealed record ImageStepFile(string Path, long Bytes, long OldLength, long NewLength);

/// <summary>The history of an image that no transaction has open: every change that was kept can be undone, newest first.</summary>
/// <remarks>Each call opens and closes its files; calls for different images may run in parallel.</remarks>
public static class ImageHistory
{
    /// <summary>
    /// Restores exactly the bytes, lengths and write times from before the last change (or before all of them), and deletes its undo file.
    /// </summary>
    /// <param name="imagePath">The image.</param>
    /// <param name="options">What to undo, and where its undo files are.</param>
    /// <returns>The changes that were undone, in that order. An interrupted change counts as one.</returns>
    /// <exception cref="RefusedException">
    /// <c>CORE-0022</c>: there is nothing to undo; <c>CORE-0024</c>: the content of the image has changed since; <c>CORE-0025</c>: its time
    /// or identity has; <c>CORE-0036</c>: the undo file lists a file that the image does not name; <c>CORE-0038</c>: the undo file may not
    /// be used.
    /// </exception>
    /// <exception cref="CorruptImageException"><c>CORE-0023</c>: an undo file is damaged. The image is unchanged.</exception>
    /// <exception cref="HostIOException">The host failed. The undo file stays, and <see cref="Recover(string, RecoverOptions)"/> goes
    /// on.</exception>
    public static IReadOnlyList<ImageStep> Undo(string imagePath, UndoOptions? options = null) =>
        Undo(HostStorage.Instance, imagePath, options ?? new UndoOptions());

    /// <summary>The changes that can be undone, newest first. Reads only.</summary>
    /// <param name="imagePath">The image.</param>
    /// <param name="undoFolder">Folder of the undo files, or null where they are next to the image.</param>
    /// <param name="note">Receives what is no step: that a change was interrupted.</param>
    /// <exception cref="CorruptImageException"><c>CORE-0023</c>: an undo file is damaged.</exception>
    /// <exception cref="HostIOException">The image is missing or unreadable.</exception>
    public static IReadOnlyList<ImageStep> List(string imagePath, string? undoFolder = null, Action<string>? note = null) =>
        List(HostStorage.Instance, imagePath, undoFolder, note);

    /// <summary>Deletes the undo files of all complete changes: they can no longer be undone. Returns them.</summary>
    /// <exception cref="RefusedException"><c>CORE-0037</c>: a change was interrupted, and its undo file is still needed.</exception>
    public static IReadOnlyList<ImageStep> Forget(string imagePath, string? undoFolder = null) =>
        Forget(HostStorage.Instance, imagePath, undoFolder);

    /// <summary>
    /// Rolls an interrupted change (or an interrupted undo) back. Returns what was rolled back, or would be; null when there was none.
    /// </summary>
    /// <exception cref="RefusedException">See <see cref="ImageTransaction.Open(string, TransactionOptions)"/>; <c>CORE-0028</c>: the change
    /// has files that this image does not name.</exception>
    /// <exception cref="CorruptImageException"><c>CORE-0023</c>: the undo file is damaged. The image is unchanged.</exception>
    /// <exception cref="HostIOException">The host failed. The undo file stays.</exception>
    public static ImageStep? Recover(string imagePath, RecoverOptions? options = null) =>
        Recover(HostStorage.Instance, imagePath, options ?? new RecoverOptions());

    internal static IReadOnlyList<ImageStep> Undo(IHostStorage storage, string imagePath, UndoOptions options)
    {
        using var transaction = ImageTransaction.Open(storage, imagePath, new TransactionOptions
        {
            Writable = true,
            AllowParents = true,
            UndoFolder = options.UndoFolder,
            Note = options.Note,
            IsRecovery = true,
        });
        var undone = transaction.Interrupted.Select(i => Describe(i.Step, transaction)).ToList();
        var isWhole = transaction.Interrupted.All(i => i.Files.Count == i.Step.Records.Count);
        NameFiles(transaction, isWhole ? null : options.NameFiles, isNeeded: undone.Count > 0);
        undone.ForEach(u => options.Undone?.Invoke(u));
        if (undone.Count > 0 && !options.All)
        {
            return undone;
        }

        var steps = transaction.Search.FindComplete(transaction.Files[0].Handle);
        try
        {
            if (steps.Count == 0 && undone.Count == 0)
            {
                throw UndoError.NothingToUndo(imagePath, options.UndoFolder);
            }

            var isNamed = undone.Count > 0;
            foreach (var step in steps.Take(options.All ? int.MaxValue : 1))
            {
                transaction.CheckMayUndo(step, options);
                if (step.Records.Count > 1 && !isNamed)
                {
                    NameFiles(transaction, options.NameFiles, isNeeded: true);
                    isNamed = true;
                }

                var description = Describe(step, transaction);
                transaction.Undo(step, transaction.AreTimesRestored, options);
                undone.Add(description);
                options.Undone?.Invoke(description);
            }

            return undone;
        }
        finally
        {
            foreach (var step in steps)
            {
                step.Dispose();
            }
        }
    }

    internal static IReadOnlyList<ImageStep> List(IHostStorage storage, string imagePath, string? undoFolder,
        Action<string>? note = null)
    {
        using var transaction = ImageTransaction.Open(storage, imagePath, new TransactionOptions { UndoFolder = undoFolder });
        foreach (var text in transaction.HostNotes)
        {
            note?.Invoke(text);
        }

        var steps = transaction.Search.FindComplete(transaction.Files[0].Handle);
        try
        {
            return [.. steps.Select(s => DescribeForList(s, transaction))];
        }
        finally
        {
            foreach (var step in steps)
            {
                step.Dispose();
            }
        }
    }

    internal static IReadOnlyList<ImageStep> Forget(IHostStorage storage, string imagePath, string? undoFolder)
    {
        using var transaction =
            ImageTransaction.Open(storage, imagePath, new TransactionOptions { Writable = true, UndoFolder = undoFolder });
        if (transaction.ShowsOldBytes)
        {
            throw UndoError.StillInterrupted(imagePath);
        }

        var forgotten = new List<ImageStep>();
        foreach (var step in transaction.Search.FindComplete(transaction.Files[0].Handle).Reverse())
        {
            // Oldest first: whatever is left when this is interrupted can still be undone in order.
            using (step)
            {
                forgotten.Add(DescribeForList(step, transaction));
                transaction.Search.Delete(step, transaction.Files[0].Handle);
            }
        }

        return forgotten;
    }

    internal static ImageStep? Recover(IHostStorage storage, string imagePath, RecoverOptions options)
    {
        if (options.TrustedUndoFile is { } named)
        {
            using var step = StepFile.TryOpen(storage, Path.GetFullPath(named)) ?? throw ImageFileError.Missing(named);
            if (step.State != StepState.Applying)
            {
                throw UndoError.NothingInterrupted(named);
            }
        }

        using var transaction = ImageTransaction.Open(storage, imagePath, new TransactionOptions
        {
            Writable = !options.DryRun,
            AllowParents = true,
            UndoFolder = options.UndoFolder,
            Note = options.DryRun ? null : options.Note,
            IsRecovery = true,
            TrustedUndoFile = options.TrustedUndoFile is null ? null : Path.GetFullPath(options.TrustedUndoFile),
        });
        var isWhole = transaction.Interrupted.Count > 0 && transaction.Interrupted.All(i => i.Files.Count == i.Step.Records.Count);
        NameFiles(transaction, isWhole ? null : options.NameFiles, isNeeded: true);
        if (!options.DryRun && transaction.RolledBackStep is null && transaction.Interrupted is [var other, ..])
        {
            throw UndoError.OtherImageInterrupted(imagePath, other.MainPath, other.Step.Path);
        }

        return transaction.RolledBackStep ?? transaction.Interrupted.Select(i => Describe(i.Step, transaction)).FirstOrDefault();
    }

    private static void NameFiles(ImageTransaction transaction, Action<IImageFiles>? nameFiles, bool isNeeded)
    {
        if (!isNeeded)
        {
            return;
        }

        if (nameFiles is not null)
        {
            nameFiles(transaction);
        }
        else
        {
            transaction.OpenFilesOfInterrupted();
        }

        transaction.AllFilesNamed();
    }

    /// <summary>What a step is, for the user. The file they named has that path, whatever its name was when the step was made.</summary>
    internal static ImageStep Describe(StepFile step, ImageTransaction transaction)
    {
        var image = transaction.Files[0].Handle;
        var main = step.RecordOf(image, isNamedAfterIt: true);
        var folder = Path.GetDirectoryName(image.Path) ?? "";
        return Describe(step, [.. step.Records.Where(r => r.Ranges.Length > 0 || r.OldLength != r.NewLength)
            .Select(r => new ImageStepFile(r == main ? image.Path : Path.Combine(folder, r.Name), r.ByteCount, r.OldLength, r.NewLength))]);
    }

    /// <summary>The same without reading more than the header of an undo file that nobody vouches for and that is too long.</summary>
    private static ImageStep DescribeForList(StepFile step, ImageTransaction transaction) =>
        step.WhyTooLong(transaction.Files[0].Handle) is { } reason ? Describe(step, []) with { WhyNotRead = reason }
            : Describe(step, transaction);

    private static ImageStep Describe(StepFile step, IReadOnlyList<ImageStepFile> files) =>
        new(step.Number, step.Created, step.Label, step.Path, step.Handle.Length, files);
}
