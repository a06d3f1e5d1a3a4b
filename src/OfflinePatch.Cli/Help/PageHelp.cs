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
        Write(parseResult.CommandResult.Command);
        return ExitCode.Done;
    }

    /// <summary>Writes the page of a command.</summary>
    public static void Write(Command command) =>
        HelpWriter.Write(CommandPage.Of(command), Console.Out, HelpWriter.WidthOf(Rendering.Terminal.Width ?? 0));
}
