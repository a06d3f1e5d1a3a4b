using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>man DIR</c>, hidden: writes the pages of the manual, for <c>make man</c> and for packagers.</summary>
internal static class ManualCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "Where the pages are written; created where missing." };
        var command = new Command("man", "Writes the pages of the manual.") { folder };
        command.Hidden = true;
        command.SetGuardedAction((result, _) =>
        {
            var target = result.GetRequiredValue(folder);
            HostPaths.CreateDirectory(target);
            var program = CommandPage.Of(result.RootCommandResult.Command);
            var count = 0;
            foreach (var (name, content) in ManualPage.All(program, Tool.Identity.Version, ReproducibleClock.Current.GetUtcNow()))
            {
                HostPaths.WriteText(Path.Combine(target, name), content);
                count++;
            }

            if (GlobalOptions.WantsJson(result))
            {
                DocumentJson.Print(new ManualDocument(target, count));
                return ExitCode.Done;
            }

            Output.Line($"wrote {count} pages to {target}");
            return ExitCode.Done;
        });
        return command;
    }
}
