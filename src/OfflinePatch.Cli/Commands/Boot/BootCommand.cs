using System.CommandLine;
using OfflinePatch.Cli.Help;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Boot;

/// <summary><c>boot …</c>: what starts the Windows in an image.</summary>
internal static class BootCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        What starts the Windows in an image: system partition, boot manager, boot configuration. `bcd` shows the boot configuration,
        `check --only boot.*` says what keeps the machine from starting.
        """,
        [new("Rebuild what is missing or wrong:", "offlinepatch boot repair server.vmdk")],
        [Changed, Usage, Unreadable, NotStarting, Refused, HostFailure, ResultLost, Cancelled])
    {
        SeeAlso = ["bcd", "convert-boot uefi"],
    };

    /// <summary>A machine that does not start yet.</summary>
    public static readonly ExitMeaning NotStarting =
        new(ExitCode.NotReady, "written, but something that cannot be repaired offline still keeps Windows from starting");

    public static Command Create() => new("boot", "What starts the Windows in an image: repair.") { BootRepairCommand.Create() };
}
