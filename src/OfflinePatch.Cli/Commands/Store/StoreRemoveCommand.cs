using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Store;

/// <summary><c>drivers remove IMAGE NAME...</c>: driver packages out of an image.</summary>
internal static class StoreRemoveCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Removes packages again, with everything that they alone installed: store, published INF, catalogue, records, the number in
        OemInfMap, services and the filter entries that name them. What another package owns too is restored as that one has it. A
        package that a device runs with is refused unless --force is given; a driver that comes with Windows is never removed.
        """,
        [new("One package:", "offlinepatch drivers remove server.vmdk oem3.inf")],
        Writing)
    {
        Environment = [Clock],
        Files = [UndoFile],
        SeeAlso = ["drivers list", "undo"],
    };

    public static Command Create()
    {
        var image = CommonArguments.Image();
        var names = new Argument<string[]>("NAME")
        {
            Description = "The published name, oemN.inf, as `drivers list` shows it.",
            Arity = ArgumentArity.OneOrMore,
        };
        var force = new Option<bool>("--force")
        {
            Description = "Remove a package that devices of this Windows run with, too. They have no driver then.",
        };
        var dryRun = CommonArguments.DryRun();
        var edit = new EditArguments();
        var command = new Command("remove",
            "Removes driver packages from an image with everything that they alone installed: files, records, services. As one change, "
                + "with an undo file.") { image, names, force, dryRun };
        edit.AddTo(command, writes: true);
        command.SetGuardedAction((result, cancellation) =>
        {
            var path = result.GetRequiredValue(image);
            var isTrial = result.GetValue(dryRun);
            var report = DriverStoreJob.Remove(
                path, edit.Read(result),
                new DriverRemoveRequest { Names = result.GetRequiredValue(names), Force = result.GetValue(force), DryRun = isTrial },
                cancellation);
            if (!GlobalOptions.WantsJson(result))
            {
                foreach (var package in report.Removed)
                {
                    Output.Line($"{package.PublishedName ?? package.Inf} ({package.Inf} {package.Version}): "
                        + $"{(isTrial ? "would be removed" : "removed")}");
                }
            }

            if (!GlobalOptions.WantsJson(result) && isTrial)
            {
                DriverStoreView.PrintNothingWritten(report, isTrial);
            }
            else
            {
                EditOutcome.Print(result, path, report.Edit,
                    d => d with { Removed = report.Removed, Changes = report.Changes, DryRun = isTrial ? true : null });
            }

            return ExitCode.Done;
        });
        return command;
    }
}
