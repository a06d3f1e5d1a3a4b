using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Reports;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>rules</c>: every rule of a target.</summary>
internal static class RulesCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Lists every rule of a target in the order in which they run: its id, how much a failure matters there, what it requires, the keys
        and files that it looks at and changes, and where the requirement comes from. A gate is a rule whose failure refuses the whole image
        before anything is written.

        A target is a JSON file; write your own for a cloud with its own list, and give it with --profile to rules, check and fix.
        """,
        [
            new("The rules of the default target:", "offlinepatch rules"),
            new("Those of plain OpenStack:", "offlinepatch rules --target openstack-kvm"),
            new("Begin a list of your own, then read it:",
                "offlinepatch rules --target openstack-kvm --as-profile > our-cloud.json && offlinepatch rules --profile "
                    + "our-cloud.json"),
        ],
        [new(ExitCode.Done, "listed"), Usage,
            new(ExitCode.Unreadable, "the profile cannot be read, or names a rule that does not exist"), HostFailure])
    {
        SeeAlso = ["check", "fix"],
    };

    public static Command Create()
    {
        var target = new TargetOptions("The target whose rules are listed");
        var asProfile = new Option<bool>("--as-profile")
        {
            Description = "Print the target as the JSON file that --profile takes, to begin your own with.",
        };
        var command = new Command("rules",
            "Lists every rule: id, severity, what it requires, where that comes from, and what a fix changes.") { asProfile };
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
