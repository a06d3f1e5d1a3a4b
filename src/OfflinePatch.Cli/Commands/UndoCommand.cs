using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>undo IMAGE...</c>: exactly the bytes before the last change, or before all of them.</summary>
internal static class UndoCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Restores exactly the bytes, the lengths and the times that the image had before the last change of any command, and deletes the
        undo file of that change. Every change that was kept can be undone, newest first; --all restores the original bytes.

        It refuses when the image was changed since: when its content or length differs, or (without --force) when only its time or its
        identity does, as after a copy.
        """,
        [
            new("Undo the last change:", "offlinepatch undo server.vmdk"),
            new("What can be undone:", "offlinepatch undo --list server.vmdk"),
            new("Back to the original bytes:", "offlinepatch undo --all server.vmdk"),
            new("The undo files are in another folder:", "offlinepatch undo --undo-dir /var/lib/undo server.vmdk"),
            new("The images are good, free the space:", "offlinepatch undo --forget ready"),
        ],
        [
            new(ExitCode.Done, "the image is what it was"), Usage,
            new(ExitCode.Unreadable, "the image is missing, or its undo file is damaged"),
            new(ExitCode.Refused, "there is nothing to undo, or the image was changed since"), HostFailure, ResultLost,
        ])
    {
        Files = [UndoFile],
        SeeAlso = ["fix", "recover"],
    };

    public static Command Create()
    {
        var images = new ImageListOptions();
        var undoDir = CommonOptions.UndoDir();
        var all = new Option<bool>("--all") { Description = "Undo every change, newest first: the original bytes." };
        var list = new Option<bool>("--list") { Description = "Show the changes that can be undone, newest first. Nothing is written." };
        var forget = new Option<bool>("--forget") { Description = "Delete the undo files. The changes can then no longer be undone." };
        var force = new Option<bool>("--force")
        {
            Description = "Undo although the time or the identity of the image is not the recorded one. Its length and content must be "
                + "right nevertheless.",
        };
        var command = new Command("undo",
            "Restores exactly the bytes that images had before the last change, and deletes the undo file of that change.");
        images.AddTo(command);
        foreach (var option in (Option[])[undoDir, all, list, forget, force])
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (new Option[] { all, list, forget }.Count(o => result.GetResult(o) is { Implicit: false }) > 1)
            {
                result.AddError("Only one of --all, --list and --forget can be given.");
            }
        });
        command.SetGuardedAction((result, cancellation) =>
        {
            var paths = images.Read(result);
            OutputPaths.RequireSource("--undo-dir", result.GetValue(undoDir));
            return HistoryCommand.Run(
                result, paths,
                path => result.GetValue(list) ? List(path, result.GetValue(undoDir))
                    : result.GetValue(forget) ? Forget(path, result.GetValue(undoDir))
                    : Undo(path, result.GetValue(undoDir), result.GetValue(all), result.GetValue(force)),
                cancellation);
        });
        return command;
    }

    private static ImageHistoryReport List(string path, string? folder)
    {
        var steps = ImageHistory.List(path, folder, Output.Note);
        return new ImageHistoryReport(path, "listed") { Steps = steps, Left = steps.Count };
    }

    private static ImageHistoryReport Forget(string path, string? folder)
    {
        var forgotten = ImageHistory.Forget(path, folder);
        Output.HasChanged |= forgotten.Count > 0;
        return new ImageHistoryReport(path, "forgotten") { Steps = forgotten, Left = 0 };
    }

    private static ImageHistoryReport Undo(string path, string? folder, bool all, bool force)
    {
        var undone = ImageHistory.Undo(path, new UndoOptions
        {
            UndoFolder = folder,
            All = all,
            Force = force,
            NameFiles = ImageParts.Open,
            Note = Output.Note,
            Undone = step =>
            {
                Output.HasChanged = true;
                HistoryView.Undone(step);
            },
        });
        Output.HasChanged = true;
        return new ImageHistoryReport(path, "undone") { Steps = undone, Left = ImageHistory.List(path, folder).Count };
    }
}
