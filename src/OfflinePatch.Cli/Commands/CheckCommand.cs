using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>check IMAGE...</c>: the same rules as <c>fix</c>, read only.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var images = CommonArguments.Images();
        var options = new RequestOptions();
        var command = new Command("check", "Says whether images are ready for the target, and what is missing. Changes nothing.") { images };
        options.AddRuleOptionsTo(command);
        options.AddImageOptionsTo(command);
        command.SetGuardedAction((result, cancellation) =>
        {
            var open = options.ReadEdit(result);
            var rules = options.ReadRules(result);
            return ImagesCommand.Run(
                "check", result.GetRequiredValue(images), options, result, (path, _) => InspectJob.Check(path, open, rules), RuleTable.Print, cancellation);
        });
        return command;
    }
}
