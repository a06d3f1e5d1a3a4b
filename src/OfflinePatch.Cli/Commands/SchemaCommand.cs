using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Rendering;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>schema</c>: the JSON Schema of every document that <c>--json</c> prints.</summary>
internal static class SchemaCommand
{
    public static Command Create()
    {
        var command = new Command("schema", "Prints the JSON Schema (draft 2020-12) of every document that --json prints.");
        command.SetGuardedAction((_, _) =>
        {
            Output.HasDocument = true;
            Console.Out.WriteLine(DocumentSchema.Text);
            return ExitCode.Done;
        });
        return command;
    }
}
