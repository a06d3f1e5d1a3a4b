using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Reg;

/// <summary><c>reg replay TARGET</c>: recovers dirty hives from their logs, and writes them.</summary>
internal static class RegReplayCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Applies the logs of hives that were not written completely, as Windows does when it next loads them, and writes the complete hives.
        fix does not need it: it reads through the logs by itself.
        """,
        [new("Recover the hives of a crashed machine:", "offlinepatch reg replay server.vmdk")],
        Writing)
    {
        Files = [UndoFile],
        SeeAlso = ["reg check", "undo"],
    };

    public static Command Create()
    {
        var edit = new EditArguments();
        var target = RegArguments.Target();
        var command = new Command("replay", "Applies the logs of dirty hives to them, as Windows would when it next loads them.")
        { target };
        edit.AddTo(command, writes: true);
        command.SetGuardedAction((result, cancellation) =>
        {
            using var registry = RegistryEdit.Open(result.GetRequiredValue(target), edit.Read(result));
            var hives = registry.Target.Replay();
            foreach (var (name, recovery) in GlobalOptions.WantsJson(result) ? [] : hives)
            {
                Output.Line(recovery.Kind switch
                {
                    HiveRecoveryKind.ReplayedEntries => $"{name}: {recovery.Entries} log entries",
                    HiveRecoveryKind.ReplayedPages => $"{name}: {recovery.Pages} logged pages",
                    _ => $"{name}: clean",
                });
                foreach (var note in recovery.Notes)
                {
                    Output.Line($"  {note}");
                }
            }

            EditOutcome.Print(result, result.GetRequiredValue(target), registry.Commit(cancellation), d => d with
            {
                Hives = [.. hives.Select(h => new HiveReplayReport(h.Name, h.Recovery.Entries, h.Recovery.Pages, h.Recovery.Notes))],
            });
            return ExitCode.Done;
        });
        return command;
    }
}
