namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>Errors of commits, undo files and their recovery.</summary>
internal static class UndoError
{
    public static HostIOException CommitRolledBack(string path, Exception inner) =>
        new("CORE-0020", $"{path} could not be written and was rolled back to what it was: {inner.Message}", (inner as ICodedError)?.Remedy,
            inner);

    public static HostIOException RollBackFailed(string path, string undoPath, Exception inner) =>
        new("CORE-0021", $"Writing {path} failed, and so did rolling it back: {inner.Message} Its old bytes are kept in {undoPath}.",
            RecoverRemedy(path), inner);

    public static HostIOException RestoreFailed(string path, string undoPath, Exception inner) =>
        new("CORE-0049", $"The old bytes of {path} could not all be restored: {inner.Message} They are kept in {undoPath}.",
            RecoverRemedy(path), inner);

    private static string RecoverRemedy(string path) =>
        $"Do not start the machine. Make the disk writable again, then run: offlinepatch recover {Quote(path)}";

    public static RefusedException NothingToUndo(string path, string? folder) =>
        new("CORE-0022", $"There is nothing to undo for {path}{(folder is null ? "" : $" in {folder}")}.",
            "If the change was made with --undo-dir, use the same folder. A change made with --no-undo-keep cannot be undone.");

    public static CorruptImageException Damaged(string path, long offset, string expected, string actual) =>
        new("CORE-0023", $"undo file {path}", offset, expected, actual,
            "It cannot be used. If the image is known to be good, move this file away; otherwise restore the image from a backup.");

    public static RefusedException ChangedSince(string path, string how) =>
        new("CORE-0024", $"{path} has changed since the change that would be undone: {how}. Undoing now would mix old and new bytes.",
            "The machine was probably started from it, or a later change has its undo file in another folder (--undo-dir). Otherwise "
                + "restore the image from a backup.");

    public static RefusedException SeemsChanged(string path, string how) =>
        new("CORE-0025",
            $"{path} may have changed since the change that would be undone: {how}. Everything that can be checked is as the change left "
                + "it.",
            $"If nothing else wrote to it (a backup tool, a plain copy), run: offlinepatch undo --force {Quote(path)}");

    public static RefusedException StepElsewhere(string path, string undoPath, string pointer) =>
        new("CORE-0026", $"A change of {path} was interrupted, and its undo file {undoPath} cannot be found.",
            $"Mount the folder that holds it, or name it with --undo-dir, then try again. Only if the image is known to be whole, delete "
                + $"{pointer}.");

    public static RefusedException NotProven(string path, string undoPath, string reason) =>
        new("CORE-0027",
            $"{undoPath} says that a change of {path} was interrupted, but it is not proven to belong to this file: {reason}. Nothing "
                + "was written.",
            "If another user made the change, that user has to recover it. If this is another export of the machine, move "
                + $"{Quote(undoPath)} away. To see what it would restore: "
                + $"offlinepatch recover --dry-run --trust {Quote(undoPath)} {Quote(path)}");

    public static RefusedException OtherImageInterrupted(string path, string main, string undoPath) =>
        new("CORE-0028", $"{path} is part of a change of {main} that was interrupted ({undoPath}), and of files that are not open here.",
            $"Run: offlinepatch recover {Quote(main)}");

    public static RefusedException TooManyRanges(string path) =>
        new("CORE-0029", $"The change of {path} has more than {StepLayout.MaxRanges} separate parts.",
            "Make the change in several steps, or write a fixed copy with -o.");

    public static RefusedException NotNamedByImage(string path, string name) =>
        new("CORE-0036", $"The undo file also lists {name}, which {path} does not name as a part of itself. Nothing was written.",
            "Put all parts of the image into one folder, under the names that the image gives them.");

    public static RefusedException HistoryIsFull(string path) =>
        new("CORE-0039", $"The undo history of {path} has no number left for another change.",
            $"Run: offlinepatch undo --forget {Quote(path)}");

    public static RefusedException NothingInterrupted(string undoPath) =>
        new("CORE-0041", $"{undoPath} is not the undo file of an interrupted change of this image.",
            "A complete change is undone with: offlinepatch undo");

    public static RefusedException UndoFileExists(string undoPath) =>
        new("CORE-0042", $"{undoPath} exists already, and is not replaced.", "Another program made it. Move it away and try again.");

    public static RefusedException StillInterrupted(string path) =>
        new("CORE-0037", $"A change of {path} was interrupted and must be rolled back first.", $"Run: offlinepatch recover {Quote(path)}");

    public static RefusedException UndoFileMayNotBeUsed(string undoPath, string reason) =>
        new("CORE-0038", $"The undo file {undoPath} is not used: {reason}.",
            "If it is yours, copy it with its own owner and one name only; otherwise delete it.");

    public static RefusedException StepOfOther(string path, string undoPath) =>
        new("CORE-0044",
            $"{path} is a copy, or replaced the file that was changed; the undo file {undoPath} belongs to that file.",
            $"Give the copy an undo file of its own: cp {Quote(undoPath)} {Quote(path + StepNames.Suffix)}; then run: offlinepatch undo "
                + $"{Quote(path)}");

    public static RefusedException StepOfRenamed(string path, string undoPath) =>
        new("CORE-0045",
            $"{path} is not the file whose change was interrupted: that one was renamed or moved, and needs {undoPath}. Nothing was "
                + "written.",
            "Recover that file first, under the name that it has now: offlinepatch recover FILE. If it is gone, run: "
                + $"offlinepatch recover --trust {Quote(undoPath)} {Quote(path)}");

    public static HostIOException NoPointer(string path, HostIOException inner) =>
        new("CORE-0048", $"Beside {path} there has to be a file that leads to its undo file while it is written: "
            + ICodedError.TextOf(inner.Code, inner.Message),
            "Make its folder writable and make room there (also with --undo-dir), or write a copy with -o.", inner);

    public static RefusedException BaseInterrupted(string path, string basePath) =>
        new("CORE-0046", $"{path} is based on {basePath}, a change of which was interrupted while it wrote.",
            $"Nothing was written. Run first: offlinepatch recover {Quote(basePath)}");

    public static RefusedException StepUnreadable(string path, string undoPath) =>
        new("CORE-0047",
            $"This user may not read {undoPath}, so it is not known whether a change of {path} was interrupted while it wrote.",
            "Run as the user that it belongs to, or let that user end the history, if it is not needed: "
                + $"offlinepatch undo --forget {Quote(path)}");

    /// <summary>A path as it can be pasted into a shell.</summary>
    private static string Quote(string path) => ShellText.Quote(path);
}
