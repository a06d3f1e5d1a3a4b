using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>rules</c>: every rule of a target.</summary>
internal static class RulesCommand
{
    public static Command Create()
    {
        var target = new TargetOptions("The target whose rules are listed");
        var asProfile = new Option<bool>("--as-profile")
        {
            Description = "Print the target as the JSON file that --profile takes, to begin your own with.",
        };
        var command = new Command("rules",
            "Lists every rule: id, severity, what it demands, where that comes from, and what a fix changes.") { asProfile };
        target.AddTo(command);
        command.SetGuardedAction((result, _) =>
        {
            var profile = target.Read(result);
            if (result.GetValue(asProfile))
            {
                Console.Out.WriteLine(profile.ToJson());
                return ExitCode.Done;
            }

            var rules = RuleDescription.Of(profile);
            if (GlobalOptions.WantsJson(result))
            {
                Output.HasDocument = true;
                Console.Out.WriteLine(ReportJson.Serialize(new RuleListDocument(ReportDocument.CurrentSchema, Tool.Identity, "rules",
                    profile.Id, rules)));
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
