using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Jobs;

/// <summary>How an image is opened, and whether the undo file of a change is kept.</summary>
public sealed record EditOptions
{
    /// <summary>Whether parents and backing files may be read. They are never written.</summary>
    public bool AllowBacking { get; init; }

    /// <summary>
    /// Whether the $LogFile of a volume that was not dismounted cleanly is replayed, as Windows would do at its next start.
    /// </summary>
    public bool ReplayLog { get; init; }

    /// <summary>Whether that replay may carry out operations that no real log has tested.</summary>
    public bool ForceReplay { get; init; }

    /// <summary>Folder of the undo file, or null for the folder of the image.</summary>
    public string? UndoFolder { get; init; }

    /// <summary>Whether the undo file is kept after success.</summary>
    public bool KeepUndo { get; init; } = true;

    /// <summary>The command that makes the change, as the undo history shows it.</summary>
    public string Label { get; init; } = "";

    /// <summary>
    /// Receives what the user has to know and is no error: that an interrupted change is shown as it was before, or was rolled back. Or
    /// null.
    /// </summary>
    public Action<string>? Note { get; init; }

    /// <summary>Receives what is done, step by step: stages, rules, every file and registry value that is written. Or null.</summary>
    public Action<string>? Trace { get; init; }

    /// <summary>The clock of every time stamp that a change leaves in the image.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    internal SessionOptions Session =>
        new() { ReplayLog = ReplayLog || ForceReplay, ForceReplay = ForceReplay, Clock = Clock, Trace = Trace };

    internal ImageTransaction OpenTransaction(string path, bool writable) => ImageTransaction.Open(path, new TransactionOptions
    {
        Writable = writable,
        AllowParents = AllowBacking,
        UndoFolder = UndoFolder,
        KeepUndo = KeepUndo,
        Label = Label,
        Note = Note,
    });
}
