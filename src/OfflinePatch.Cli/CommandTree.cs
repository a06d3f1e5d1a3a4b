using System.CommandLine;
using System.CommandLine.Help;
using System.Runtime.InteropServices;
using OfflinePatch.Cli.Commands;
using OfflinePatch.Cli.Commands.Fs;
using OfflinePatch.Cli.Help;

namespace OfflinePatch.Cli;

/// <summary>The command line: every command, and how the process ends.</summary>
internal static class CommandTree
{
    private static RootCommand Create()
    {
        var root = new RootCommand("Makes disk images of Windows machines ready for KVM and Xen clouds, without starting them.")
        {
            FixCommand.Create(),
            CheckCommand.Create(),
            InspectCommand.Create(),
            ConvertCommand.Create(),
            UndoCommand.Create(),
            RecoverCommand.Create(),
            DriversCommand.Create(),
            RulesCommand.Create(),
            RegCommand.Create(),
            BcdCommand.Create(),
            FsCommand.Create(),
            ManualCommand.Create(),
        };
        root.Options.OfType<HelpOption>().Single().Action = new PageHelp();
        return root;
    }

    public static int Run(string[] args)
    {
        using var cancellation = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);

        var result = Create().Parse(args);
        if (result.Errors.Count > 0)
        {
            foreach (var error in result.Errors)
            {
                Console.Error.WriteLine($"offlinepatch: {error.Message}");
            }

            Console.Error.WriteLine("Try: offlinepatch --help");
            return ExitCode.Usage;
        }

        // The commands are synchronous; the token reaches them through the invocation.
        var configuration = new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false };
        return CommandGuard.Run(() => result.InvokeAsync(configuration, cancellation.Token).GetAwaiter().GetResult());

        void Cancel(PosixSignalContext context)
        {
            // The commit is not interrupted half way: the command looks at the token before it starts to write. Asked a second time, the
            // process ends at once; a commit under way is then rolled back by the next command.
            context.Cancel = !cancellation.IsCancellationRequested;
            cancellation.Cancel();
        }
    }
}
