using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>undo IMAGE</c>: exactly the bytes before the last fix.</summary>
internal static class UndoCommand
{
    public static Command Create()
    {
        var image = CommonArguments.Image();
        var undoDir = CommonOptions.UndoDir();
        var command = new Command("undo", "Restores exactly the bytes that the image had before the last fix, and deletes its undo file.") { image, undoDir };
        command.SetGuardedAction((result, _) =>
        {
            var path = result.GetRequiredValue(image);
            ImageHistory.Undo(path, result.GetValue(undoDir));
            Output.HasChanged = true;
            Output.Line($"{path} is again what it was before the last fix.");
            return ExitCode.Done;
        });
        return command;
    }
}
