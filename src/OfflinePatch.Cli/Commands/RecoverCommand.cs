using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>recover IMAGE...</c>: rolls a change back that was interrupted while it wrote.</summary>
internal static class RecoverCommand
{
    public static Command Create()
    {
        var images = new ImageListOptions();
        var undoDir = CommonOptions.UndoDir();
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what would be written, and write nothing." };
        var trust = new Option<string?>("--trust")
        {
            Description = "Use this undo file although nothing proves that you wrote it on this host. Look at it with --dry-run first.",
            HelpName = "FILE",
        };
        var command = new Command(
            "recover",
            "Rolls back changes that were interrupted while they were written. Commands that write do this by themselves too; commands "
                + "that read show the old image.");
        images.AddTo(command);
        foreach (var option in (Option[])[undoDir, dryRun, trust])
        {
            command.Add(option);
        }

        command.SetGuardedAction((result, cancellation) =>
        {
            var paths = images.Read(result);
            OutputPaths.RequireSource("--undo-dir", result.GetValue(undoDir));
            OutputPaths.RequireSource("--trust", result.GetValue(trust));
            if (result.GetValue(trust) is not null && paths.Count != 1)
            {
                throw new UsageException("--trust names the undo file of one image; recover the images one by one");
            }

            return HistoryCommand.Run(
                result, paths,
                path => Recover(path, new RecoverOptions
                {
                    UndoFolder = result.GetValue(undoDir),
                    TrustedUndoFile = result.GetValue(trust),
                    DryRun = result.GetValue(dryRun),
                    NameFiles = ImageParts.Open,
                    Note = Output.Note,
                }),
                cancellation);
        });
        return command;
    }

    private static ImageHistoryReport Recover(string path, RecoverOptions options)
    {
        if (options.DryRun || options.TrustedUndoFile is not null)
        {
            var step = ImageHistory.Recover(path, options with { DryRun = true });
            if (options.DryRun)
            {
                return new ImageHistoryReport(path, step is null ? "nothingToRecover" : "wouldRecover")
                {
                    Steps = step is null ? [] : [step],
                };
            }

            HistoryView.WouldRestore(path, step);
        }

        var recovered = ImageHistory.Recover(path, options);
        Output.HasChanged |= recovered is not null;
        return new ImageHistoryReport(path, recovered is null ? "nothingToRecover" : "recovered")
        {
            Steps = recovered is null ? [] : [recovered],
        };
    }
}
