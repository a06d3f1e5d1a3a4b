using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands;

/// <summary>The options of every command that opens images, and of every one that changes them.</summary>
internal sealed class EditArguments
{
    private readonly Option<bool> _replayLog = new("--replay-log")
    {
        Description = "Replay the NTFS log of volumes that were not dismounted cleanly (a crash, a snapshot of a running machine), as "
            + "Windows would.",
    };

    private readonly Option<bool> _forceReplay = new("--force-replay")
    {
        Description = "Replay also log operations that no log of a real volume has tested. The result is checked before anything is "
            + "written.",
    };

    private readonly Option<bool> _allowBacking = new("--allow-backing")
    {
        Description = "Read the parent or backing files that the image names. They are never written.",
    };

    private readonly Option<string?> _undoDir = CommonOptions.UndoDir();

    private readonly Option<bool> _noUndoKeep = new("--no-undo-keep")
    {
        Description = "Delete the undo file after success. The change can then not be undone.",
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command, bool writes)
    {
        command.Add(_replayLog);
        command.Add(_forceReplay);
        command.Add(_allowBacking);
        command.Add(_undoDir);
        if (writes)
        {
            command.Add(_noUndoKeep);
        }
    }

    /// <summary>Tries the folder of the undo file before an image is opened.</summary>
    /// <exception cref="UsageException">It does not exist.</exception>
    public void Check(ParseResult result) => OutputPaths.RequireFolder("--undo-dir", result.GetValue(_undoDir));

    /// <summary>What the options say.</summary>
    /// <exception cref="UsageException">The folder of undo files does not exist.</exception>
    public EditOptions Read(ParseResult result)
    {
        Check(result);
        return new EditOptions
        {
            ReplayLog = result.GetValue(_replayLog),
            ForceReplay = result.GetValue(_forceReplay),
            AllowBacking = result.GetValue(_allowBacking),
            UndoFolder = result.GetValue(_undoDir),
            KeepUndo = !result.GetValue(_noUndoKeep),
            Label = CommandLine(result),
            Note = Output.Note,
            Trace = RunLog.Trace,
            Clock = ReproducibleClock.Current,
        };
    }

    /// <summary>The command that undoes a change, as it can be pasted into a shell.</summary>
    public static string UndoCommandLine(string path, string undoFile)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(undoFile))!;
        var isBeside = string.Equals(folder, Path.GetDirectoryName(HostPaths.Resolve(path)), StringComparison.Ordinal);
        return $"offlinepatch undo {(isBeside ? "" : $"--undo-dir {ShellText.Quote(folder)} ")}{ShellText.Quote(path)}";
    }

    /// <summary>The names of the command, for the undo history: <c>fs put</c>.</summary>
    public static string CommandLine(ParseResult result)
    {
        var names = new List<string>();
        for (var at = result.CommandResult; at?.Parent is not null; at = at.Parent as System.CommandLine.Parsing.CommandResult)
        {
            names.Insert(0, at.Command.Name);
        }

        return string.Join(' ', names);
    }
}
