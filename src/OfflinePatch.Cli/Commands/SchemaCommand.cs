using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>schema</c>: the JSON Schema of every document that <c>--json</c> prints.</summary>
internal static class SchemaCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Every command prints one document with --json; its member `command` says which. This is their JSON Schema: members, types, and
        which are always there. Members are only ever added, so readers must accept those that they do not know. Errors are documents
        too.
        """,
        [
            new("For a validator:", "offlinepatch schema > offlinepatch.schema.json"),
        ],
        [new(ExitCode.Done, "printed"), Usage, HostFailure]);

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
