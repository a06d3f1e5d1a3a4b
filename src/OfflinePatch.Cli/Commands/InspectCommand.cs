using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>inspect IMAGE...</c>: what is inside.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var images = CommonArguments.Images();
        var options = new RequestOptions();
        var command = new Command("inspect", "Shows what is inside images: container, partitions, Windows, boot, network, drivers, agent, accounts.") { images };
        options.AddImageOptionsTo(command);
        command.SetGuardedAction((result, cancellation) =>
        {
            var open = options.ReadEdit(result);
            var rules = options.ReadRules(result);
            return ImagesCommand.Run(
                "inspect", result.GetRequiredValue(images), options, result, (path, _) => InspectJob.Inspect(path, open, rules), InspectionView.Print, cancellation);
        });
        return command;
    }
}
