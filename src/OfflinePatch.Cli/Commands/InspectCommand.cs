using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>inspect IMAGE...</c>: what is inside.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var images = new ImageListOptions();
        var options = new RequestOptions();
        var command = new Command("inspect",
            "Shows what is inside images: container, partitions, Windows, boot, network, drivers, agent, programs, accounts.");
        command.Aliases.Add("info");
        images.AddTo(command);
        options.AddImageOptionsTo(command);
        command.SetGuardedAction((result, cancellation) =>
        {
            var rules = options.ReadRules(result);
            return ImagesCommand.Run(
                "inspect", images.Read(result), options, rules, result,
                (path, open, sources, token) => InspectJob.Inspect(path, open, rules, sources, token), InspectionView.Print,
                cancellation);
        });
        return command;
    }
}
