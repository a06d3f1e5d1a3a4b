using System.CommandLine;
using OfflinePatch.Cli.Registry;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Registry;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>reg replay TARGET</c>: writes dirty hives as their logs make them.</summary>
internal static class RegReplayCommand
{
    public static Command Create()
    {
        var target = RegArguments.Target();
        var command = new Command("replay", "Applies the logs of dirty hives to them, as Windows would when it next loads them.") { target };
        command.SetGuardedAction((result, cancellation) =>
        {
            using var registry = RegistryTarget.Open(result.GetRequiredValue(target), writable: true);
            foreach (var (name, recovery) in registry.Replay())
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

            RegOutcome.Print(registry.Commit(cancellation));
            return ExitCode.Done;
        });
        return command;
    }
}
