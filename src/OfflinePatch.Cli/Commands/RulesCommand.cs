using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>rules</c>: every rule of a target.</summary>
internal static class RulesCommand
{
    public static Command Create()
    {
        var target = new TargetOptions("The target whose rules are listed");
        var json = CommonOptions.Json();
        var command = new Command("rules", "Lists every rule: id, severity, what it demands, where that comes from, and what a fix changes.") { json };
        target.AddTo(command);
        command.SetGuardedAction((result, _) =>
        {
            var profile = target.Read(result);
            var rules = RuleCatalog.Describe(profile);
            if (result.GetValue(json))
            {
                Console.Out.WriteLine(ReportJson.Serialize(new RuleListDocument(ReportDocument.CurrentSchema, Tool.Identity, profile.Id, rules)));
            }
            else
            {
                RuleListView.Print(profile, rules);
            }

            return ExitCode.Done;
        });
        return command;
    }
}
