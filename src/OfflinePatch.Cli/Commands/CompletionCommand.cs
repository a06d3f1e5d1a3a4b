using System.CommandLine;
using OfflinePatch.Cli.Completion;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>completion SHELL</c>: the script that a shell loads; and <c>complete</c>, hidden, which that script asks.</summary>
internal static class CompletionCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Prints a script for bash, zsh, fish or PowerShell that makes the shell complete commands, options, and the names of targets,
        rules and formats. The script asks this program, so it need not be regenerated for a new version.
        """,
        [
            new("For this bash:", "source <(offlinepatch completion bash)"),
            new("As a file, for /etc/bash_completion.d or the like:", "offlinepatch completion bash > offlinepatch.bash"),
        ],
        [new(ExitCode.Done, "printed"), Usage, HostFailure]);

    public static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = $"One of {string.Join(", ", CompletionScript.Shells)}." };
        shell.AcceptOnlyFromAmong(CompletionScript.Shells);
        var command = new Command("completion",
            "Prints a script that makes a shell complete commands, options, targets, rules and formats.") { shell };
        command.SetGuardedAction((result, _) =>
        {
            RefuseJson(result);
            Console.Out.WriteLine(CompletionScript.For(result.GetRequiredValue(shell)));
            return ExitCode.Done;
        });
        return command;
    }

    public static Command CreateAsked()
    {
        var words = new Argument<string[]>("WORD")
        {
            Description = "The words of a command line up to the cursor, after --.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("complete", "Prints what the last word can become.") { words };
        command.Hidden = true;
        command.SetGuardedAction((result, _) =>
        {
            RefuseJson(result);
            foreach (var candidate in Candidates.For(result.RootCommandResult.Command, result.GetValue(words) ?? []))
            {
                Output.Line(candidate.Word, candidate.Description);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void RefuseJson(ParseResult result)
    {
        if (GlobalOptions.WantsJson(result))
        {
            throw new UsageException("what a shell reads is not JSON; leave out --json");
        }
    }
}
