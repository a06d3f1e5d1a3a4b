using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>undo IMAGE...</c>: exactly the bytes before the last change, or before all of them.</summary>
internal static class UndoCommand
{
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
                + "right all the same.",
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
        var steps = ImageHistory.List(path, folder);
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
