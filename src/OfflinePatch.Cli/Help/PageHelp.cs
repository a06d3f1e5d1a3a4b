using System.CommandLine;
using System.CommandLine.Invocation;

namespace OfflinePatch.Cli.Help;

/// <summary>What <c>--help</c> does: the page of the command on stdout.</summary>
internal sealed class PageHelp : SynchronousCommandLineAction
{
    /// <summary>Help is given whatever else is wrong with the line.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        HelpWriter.Write(CommandPage.Of(parseResult.CommandResult.Command), Console.Out, HelpWriter.WidthOf(Console.IsOutputRedirected ? 0 : Console.WindowWidth));
        return ExitCode.Done;
    }
}
