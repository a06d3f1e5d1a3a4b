using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>recover IMAGE</c>: rolls a change back that was interrupted while it wrote.</summary>
internal static class RecoverCommand
{
    public static Command Create()
    {
        var image = CommonArguments.Image();
        var undoDir = CommonOptions.UndoDir();
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what would be written, and write nothing." };
        var trust = new Option<string?>("--trust")
        {
            Description = "Use this undo file although nothing proves that you wrote it on this host. Look at it with --dry-run first.",
            HelpName = "FILE",
        };
        var command = new Command(
            "recover", "Rolls back a change that was interrupted while it wrote. Commands that write do this by themselves too; commands that read show the old image.")
        {
            image, undoDir, dryRun, trust,
        };
        command.SetGuardedAction((result, _) =>
        {
            var path = result.GetRequiredValue(image);
            var options = new RecoverOptions
            {
                UndoFolder = result.GetValue(undoDir),
                TrustedUndoFile = result.GetValue(trust),
                NameFiles = ImageParts.Open,
                Note = Output.Message,
            };
            if (result.GetValue(dryRun) || options.TrustedUndoFile is not null)
            {
                HistoryView.WouldRestore(path, ImageHistory.Recover(path, options with { DryRun = true, TrustedUndoFile = options.TrustedUndoFile }));
            }

            if (result.GetValue(dryRun))
            {
                return ExitCode.Done;
            }

            var recovered = ImageHistory.Recover(path, options);
            Output.HasChanged = recovered is not null;
            HistoryView.Recovered(path, recovered);
            return ExitCode.Done;
        });
        return command;
    }
}
