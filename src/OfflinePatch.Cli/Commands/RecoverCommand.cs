using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>recover IMAGE...</c>: rolls back a change that was interrupted while it wrote.</summary>
internal static class RecoverCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        After a crash of this machine, or a kill while a change was written: rolls the image back to its old bytes. Commands that
        write do this by themselves; commands that only read show the image as it was before, and write nothing.

        An undo file is used by itself only when it is proven that this user wrote it on this host for this very image. --trust uses one
        for which nothing proves that; look at it with --dry-run first. Even then, every sector must be one that the change can have
        left.
        """,
        [
            new("Roll back an interrupted change:", "offlinepatch recover server.vmdk"),
            new("What would be written:", "offlinepatch recover --dry-run server.vmdk"),
            new("The image was moved to another host in the middle of a change:",
                "offlinepatch recover --trust server.vmdk.offlinepatch-undo server.vmdk"),
        ],
        [new(ExitCode.Done, "rolled back, or there was nothing to roll back"), Usage, Unreadable, Refused, HostFailure, ResultLost])
    {
        Files = [UndoFile],
        SeeAlso = ["undo"],
    };

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
