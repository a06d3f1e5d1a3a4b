using System.CommandLine;
using System.CommandLine.Help;
using OfflinePatch.Cli.Commands;
using OfflinePatch.Cli.Commands.Fs;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;

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
        Output.HasChanged = false;

        // A name that begins with @ is a name: options come from the command line alone, never out of a file that lies in a folder of images.
        var result = Create().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (result.Errors.Count > 0)
        {
            foreach (var error in result.Errors)
            {
                Output.Message(error.Message);
            }

            Console.Error.WriteLine("Try: offlinepatch --help");
            return ExitCode.Usage;
        }

        using var interruption = new Interruption();
        var configuration = new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false };
        return interruption.Run(token => CommandGuard.Run(() => result.InvokeAsync(configuration, token).GetAwaiter().GetResult()));
    }
}
