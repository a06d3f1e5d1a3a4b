using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>check IMAGE...</c>: the same rules as <c>fix</c>, read only.</summary>
internal static class CheckCommand
{
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
