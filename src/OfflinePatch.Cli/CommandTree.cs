using System.CommandLine;
using System.CommandLine.Help;
using OfflinePatch.Cli.Commands;
using OfflinePatch.Cli.Commands.Accounts;
using OfflinePatch.Cli.Commands.Boot;
using OfflinePatch.Cli.Commands.Fs;
using OfflinePatch.Cli.Commands.Reg;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Cli.Words;
using OfflinePatch.Windows.Reports;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli;

/// <summary>The command line: every command, and how the process ends.</summary>
internal static class CommandTree
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        OfflinePatch takes the disk image of a Windows machine that nobody prepared, and makes it ready to be imported and started on a
        KVM or Xen cloud (Huawei Cloud IMS, Open Telekom Cloud, OpenStack, plain KVM), without ever starting it: no root, no hypervisor,
        no loop mount, no Windows.

        Begin with `offlinepatch check IMAGE`: it changes nothing, and says rule by rule what is missing. `offlinepatch fix IMAGE`
        repairs what can be repaired. Everything that it would write is collected and verified first, then written as one transaction;
        `offlinepatch undo IMAGE` reverts it.

        Results go to standard output, as a table or with --json as one document; messages go to standard error.
        """,
        [
            new("Say what is missing; change nothing:", "offlinepatch check server.vmdk"),
            new("Make it ready, with drivers and agent:",
                "offlinepatch fix server.vmdk --drivers virtio-win.iso --cloudbase-init CloudbaseInitSetup.msi"),
            new("Undo the last fix:", "offlinepatch undo server.vmdk"),
        ],
        [new(ExitCode.Done, "done, and ready"), Usage, Unreadable, NotReady, Refused, HostFailure, ResultLost, Cancelled])
    {
        Environment = [Clock, Temporary],
        Files = [UndoFile],
    };

    private static RootCommand? _root;

    /// <summary>The commands. They hold no state of a run, and are made once.</summary>
    internal static RootCommand Create() => _root ??= Build();

    private static RootCommand Build()
    {
        var root = new RootCommand("Makes disk images of Windows machines ready for KVM and Xen clouds, without starting them.")
        {
            FixCommand.Create(),
            CheckCommand.Create(),
            InspectCommand.Create(),
            ConvertCommand.Create(),
            ResizeCommand.Create(),
            UndoCommand.Create(),
            RecoverCommand.Create(),
            DriversCommand.Create(),
            RulesCommand.Create(),
            ExplainCommand.Create(),
            RegCommand.Create(),
            BcdCommand.Create(),
            BootCommand.Create(),
            ConvertBootCommand.Create(),
            AccountsCommand.Create(),
            FsCommand.Create(),
            CompareCommand.Create(),
            ShellCommand.Create(),
            WatchCommand.Create(),
            WitnessCommand.Create(),
            ReportCommand.Create(),
            SchemaCommand.Create(),
            CompletionCommand.Create(),
            CompletionCommand.CreateAsked(),
            ManualCommand.Create(),
        };
        root.Options.OfType<HelpOption>().Single().Action = new PageHelp();
        root.Options.OfType<VersionOption>().Single().Aliases.Add("-V");
        GlobalOptions.AddTo(root);
        RefuseValuesOfSwitches(root);
        return root;
    }

    // `--dry-run image`: no word behind a switch is its value.
    private static void RefuseValuesOfSwitches(Command command)
    {
        foreach (var option in command.Options.OfType<Option<bool>>())
        {
            option.Arity = ArgumentArity.Zero;
        }

        foreach (var inner in command.Subcommands)
        {
            RefuseValuesOfSwitches(inner);
        }
    }

    public static int Run(string[] args)
    {
        Output.Reset();
        Terminal.Reset();
        RunLog.Stop();
        CommandGuard.Command = "";
        CommandGuard.WantsJson = false;

        ParseResult result;
        try
        {
            // A name that begins with @ is a name: options come from the command line alone, never from a file that lies in a folder of
            // images. Letters are not bundled: -rf is no option, and must not be read as one with a value.
            result = Create().Parse(Usual(args), new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        }
        catch (InvalidOperationException e)
        {
            Output.Message(e.Message);
            return ExitCode.Usage;
        }

        CommandGuard.Command = UnknownWord.PathOf(result.CommandResult)["offlinepatch".Length..].TrimStart();

        // A group of commands has no options, but its mistakes are reported as JSON too.
        CommandGuard.WantsJson = args.TakeWhile(a => a != "--").Contains("--json", StringComparer.Ordinal);
        if (!IsHelp(result) && result.CommandResult.Command is { Action: null, Subcommands.Count: > 0 } group
            && result.UnmatchedTokens.Count == 0)
        {
            PageHelp.Write(group); // `offlinepatch`, `offlinepatch fs`
            return ExitCode.Usage;
        }

        if (!IsHelp(result) && Mistakes(result) is { Count: > 0 } mistakes)
        {
            foreach (var (message, remedy) in mistakes)
            {
                Output.Message(message, remedy);
            }

            CommandGuard.PrintHint();
            CommandGuard.PrintDocument(new ErrorReport(UsageException.ErrorCode, mistakes[0].Message, mistakes[0].Remedy), ExitCode.Usage);
            return ExitCode.Usage;
        }

        var interruption = new Interruption();
        var configuration = new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false };
        try
        {
            return interruption.Run(token => CommandGuard.Run(() => result.InvokeAsync(configuration, token).GetAwaiter().GetResult()));
        }
        finally
        {
            TraceFile.Stop();
        }
    }

    /// <summary>Words that other programs understand: <c>help fix</c>, <c>version</c>.</summary>
    private static string[] Usual(string[] args) => args switch
    {
        ["help", .. var rest] => [.. rest, "--help"],
        ["version"] => ["--version"],
        ["fs", "ls", "-h"] => ["fs", "ls", "--help"], // without an image there is nothing to list in any unit
        _ => args,
    };

    private static bool IsHelp(ParseResult result) =>
        result.Action is PageHelp
            || result.GetResult(result.RootCommandResult.Command.Options.OfType<VersionOption>().Single()) is { Implicit: false };

    private static List<(string Message, string? Remedy)> Mistakes(ParseResult result) =>
        UnknownWord.Find(result) is { } word ? [(word.Message, word.Remedy)]
        : [.. result.Errors.Select(e => (e.Message, (string?)null)).Distinct()];
}
