using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>recover IMAGE</c>: rolls an interrupted commit back.</summary>
internal static class RecoverCommand
{
    public static Command Create()
    {
        var image = CommonArguments.Image();
        var undoDir = CommonOptions.UndoDir();
        var command = new Command("recover", "Rolls back a fix that was interrupted while it wrote. Every other command does this by itself too.") { image, undoDir };
        command.SetGuardedAction((result, _) =>
        {
            var path = result.GetRequiredValue(image);
            Output.HasChanged = ImageHistory.Recover(path, result.GetValue(undoDir));
            Output.Line(Output.HasChanged
                ? $"{path}: an interrupted fix was rolled back; the image is what it was before."
                : $"{path}: no interrupted fix was found; nothing needs to be done.");
            return ExitCode.Done;
        });
        return command;
    }
}
