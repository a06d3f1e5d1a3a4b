using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>undo IMAGE</c>: exactly the bytes before the last change, or before all of them.</summary>
internal static class UndoCommand
{
    public static Command Create()
    {
        var image = CommonArguments.Image();
        var undoDir = CommonOptions.UndoDir();
        var all = new Option<bool>("--all") { Description = "Undo every change, newest first: the original bytes." };
        var list = new Option<bool>("--list") { Description = "Show the changes that can be undone, newest first. Nothing is written." };
        var forget = new Option<bool>("--forget") { Description = "Delete the undo files. The changes can then no longer be undone." };
        var force = new Option<bool>("--force")
        {
            Description = "Undo although the time or the identity of the image is not the recorded one. Its length and content must be right all the same.",
        };
        var command = new Command("undo", "Restores exactly the bytes that the image had before the last change, and deletes the undo file of that change.")
        {
            image, undoDir, all, list, forget, force,
        };
        command.Validators.Add(result =>
        {
            if (new Option[] { all, list, forget }.Count(o => result.GetResult(o) is { Implicit: false }) > 1)
            {
                result.AddError("Only one of --all, --list and --forget can be given.");
            }
        });
        command.SetGuardedAction((result, _) =>
        {
            var path = result.GetRequiredValue(image);
            var folder = result.GetValue(undoDir);
            if (result.GetValue(list))
            {
                HistoryView.List(path, ImageHistory.List(path, folder));
            }
            else if (result.GetValue(forget))
            {
                var forgotten = ImageHistory.Forget(path, folder);
                Output.HasChanged = forgotten.Count > 0;
                Output.Line(forgotten.Count == 0 ? $"{path}: there are no undo files." : $"{path}: {forgotten.Count} undo file(s) deleted.");
            }
            else
            {
                var undone = ImageHistory.Undo(path, new UndoOptions
                {
                    UndoFolder = folder,
                    All = result.GetValue(all),
                    Force = result.GetValue(force),
                    NameFiles = ImageParts.Open,
                    Note = Output.Message,
                    Undone = step =>
                    {
                        Output.HasChanged = true;
                        HistoryView.Undone(step);
                    },
                });
                Output.HasChanged = true;
                HistoryView.Undone(path, undone, ImageHistory.List(path, folder).Count);
            }

            return ExitCode.Done;
        });
        return command;
    }
}
