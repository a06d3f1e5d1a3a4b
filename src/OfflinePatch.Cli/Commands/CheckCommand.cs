using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>check IMAGE...</c>: the same rules as <c>fix</c>, read only.</summary>
internal static class CheckCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        $"""
        Runs the rules of the target without changing anything: the image is opened to read. Under each failure is its remedy. Where
        that is `offlinepatch fix`, fix does it; the rest has to be done in the source machine before it is exported again.

        With --drivers and --cloudbase-init the sources are judged too: whether they hold what this Windows needs.

        {InBatches}
        """,
        [
            new("Judge an image for Huawei Cloud IMS, the default target:", "offlinepatch check server.vmdk"),
            new("For another target, with the drivers at hand:",
                "offlinepatch check server.qcow2 --target xen --drivers xen-drivers.zip"),
            new("In a script, the rules that failed:",
                "offlinepatch check server.vmdk --json | jq '.images[].rules[] | select(.state == \"failed\" and .severity == "
                    + "\"error\")'"),
        ],
        [new(ExitCode.Done, "every image is ready"), Usage, Unreadable, NotReady, new(ExitCode.Refused, "a gate would refuse an image"),
            HostFailure])
    {
        SeeAlso = ["fix", "rules", "inspect"],
    };

    public static Command Create()
    {
        var images = new ImageListOptions();
        var options = new RequestOptions();
        var command = new Command("check", "Says whether images are ready for the target, and what is missing. Changes nothing.");
        images.AddTo(command);
        options.AddRuleOptionsTo(command);
        options.AddImageOptionsTo(command);
        command.SetGuardedAction((result, cancellation) =>
        {
            var rules = options.ReadRules(result);
            return ImagesCommand.Run(
                "check", images.Read(result), options, rules, result,
                (path, open, sources, token) => InspectJob.Check(path, open, rules, sources, token), RuleTable.PrintCheck, cancellation);
        });
        return command;
    }
}
