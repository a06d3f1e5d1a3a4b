using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Boot;

/// <summary><c>boot repair IMAGE</c>: what <c>bcdboot C:\Windows</c> does, offline.</summary>
internal static class BootRepairCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Does what `bcdboot C:\Windows` does on a running machine, for BIOS and UEFI: boot files from \Windows\Boot with all languages and
        fonts, a boot configuration from Windows' own BCD-Template, or the old one corrected where it has an entry for this Windows
        (devices that name another disk, the default entry, safe mode), the active flag, boot code where there is none, HiddenSectors,
        the loader that UEFI looks for. Where the system partition was on another disk, one is made on this one.

        A boot configuration that is replaced is kept next to the new one as BCD.before, and its recovery entry is carried over. Files that
        are there stay. `fix --repair-boot` does the same with all other rules, and only where Windows would not start.
        """,
        [
            new("What would be done?", "offlinepatch boot repair server.vmdk --dry-run"),
            new("A boot configuration like new:", "offlinepatch boot repair server.vmdk --rebuild"),
        ],
        [Changed, Usage, Unreadable, BootCommand.NotStarting, Refused, HostFailure, ResultLost, Cancelled])
    {
        Environment = [Clock],
        Files = [UndoFile],
        SeeAlso = ["bcd", "fix", "undo"],
    };

    public static Command Create()
    {
        var edit = new EditArguments();
        var image = CommonArguments.Image();
        var rebuild = new Option<bool>("--rebuild")
        {
            Description = "Create a new boot configuration, although the old one could be corrected; the old one is kept as BCD.before.",
        };
        var dryRun = CommonArguments.DryRun();
        var command = new Command("repair",
            "Rebuilds what starts Windows, as bcdboot does: boot files, boot configuration, system partition. As one change, with an undo "
                + "file.") { image, rebuild, dryRun };
        edit.AddTo(command, writes: true);
        command.SetGuardedAction((result, cancellation) =>
        {
            var path = result.GetRequiredValue(image);
            var isTrial = result.GetValue(dryRun);
            var report = BootJob.Repair(path, edit.Read(result),
                new BootRepairRequest { Rebuild = result.GetValue(rebuild), DryRun = isTrial }, cancellation);
            BootChangeView.Print(result, path, report, isTrial);
            return report.Problems.Count > 0 ? ExitCode.NotReady : ExitCode.Done;
        });
        return command;
    }
}
