using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>inspect IMAGE...</c>: what is inside.</summary>
internal static class InspectCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Shows what is inside, without judging it: container, partitions with their file systems and letters, Windows with version and
        edition, what starts it, network interfaces with their addresses, drivers, agent, local accounts (whether a password is set,
        never which), and the properties that an image service asks for when the image is registered.
        """,
        [
            new("What is in this file?", "offlinepatch inspect unknown.img"),
            new("The properties for the registration:",
                "offlinepatch inspect server.vmdk --json | jq '.images[0].inspection.registration'"),
        ],
        [new(ExitCode.Done, "everything could be read"), Usage, Unreadable, Refused, HostFailure])
    {
        SeeAlso = ["check", "fs tree", "reg query"],
    };

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
