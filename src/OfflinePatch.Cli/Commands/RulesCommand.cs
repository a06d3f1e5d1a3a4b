using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Profiles;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>rules</c>: every rule of a target.</summary>
internal static class RulesCommand
{
    private const int ProfileLimit = 1024 * 1024;

    public static Command Create()
    {
        var target = new Option<string>("--target")
        {
            Description = "The target whose rules are listed: " + string.Join(", ", TargetProfile.Ids) + ".",
            HelpName = "PROFILE",
            DefaultValueFactory = _ => TargetProfile.DefaultId,
        };
        var file = new Option<string?>("--profile") { Description = "A target profile of your own (JSON) instead of --target.", HelpName = "FILE" };
        var json = CommonOptions.Json();
        var command = new Command("rules", "Lists every rule: id, severity, what it demands, where that comes from, and what a fix changes.") { target, file, json };
        command.SetGuardedAction((result, _) =>
        {
            var profile = result.GetValue(file) is { } path
                ? TargetProfile.Parse(HostPaths.ReadSmallFile(path, ProfileLimit), path)
                : TargetProfile.Get(result.GetValue(target) ?? TargetProfile.DefaultId);
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
