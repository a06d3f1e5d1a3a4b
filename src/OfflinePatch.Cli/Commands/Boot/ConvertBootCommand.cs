using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Boot;

/// <summary><c>convert-boot uefi IMAGE</c>: a BIOS machine becomes a UEFI machine, as by <c>mbr2gpt</c>.</summary>
internal static class ConvertBootCommand
{
    /// <summary>What help and manual say of `offlinepatch convert-boot`.</summary>
    public static CommandGuide Guide => new(
        """
        Changes by which firmware the Windows in an image starts. From BIOS to UEFI only.
        """,
        [new("From BIOS to UEFI:", "offlinepatch convert-boot uefi server.vmdk")],
        Writing)
    {
        SeeAlso = ["boot repair"],
    };

    /// <summary>What help and manual say of `offlinepatch convert-boot uefi`.</summary>
    public static CommandGuide UefiGuide => new(
        """
        Converts the disk of a BIOS machine to that of a UEFI machine, as mbr2gpt does on a running one: a GPT in place of the MBR, an
        EFI system partition with the boot files of Windows, a boot configuration with the recovery entry of the old one, and the drive
        letters by the new ids. No partition moves. The EFI system partition takes the place of System Reserved, where that holds boot
        files only; else it is made in unallocated space, or at the end of the disk, which is made larger.

        What is not proven is refused: logical partitions, more than three primary ones, partitions of an unknown type, 32-bit Windows,
        Windows older than 8 and Server 2012, BitLocker, several installations, an active partition that does not lead to this Windows.
        """,
        [
            new("What would be done?", "offlinepatch convert-boot uefi server.vmdk --dry-run"),
            new("From BIOS to UEFI:", "offlinepatch convert-boot uefi server.vmdk"),
        ],
        Writing)
    {
        Environment = [Clock],
        Files = [UndoFile],
        SeeAlso = ["boot repair", "inspect", "undo"],
    };

    public static Command Create() =>
        new("convert-boot", "Changes by which firmware the Windows in an image starts: from BIOS to UEFI.") { CreateUefi() };

    private static Command CreateUefi()
    {
        var edit = new EditArguments();
        var image = CommonArguments.Image();
        var dryRun = CommonArguments.DryRun();
        var command = new Command("uefi",
            "Turns a BIOS machine into a UEFI machine, as mbr2gpt does: GPT, EFI system partition, boot configuration, drive letters. As "
                + "one change, with an undo file.") { image, dryRun };
        edit.AddTo(command, writes: true);
        command.SetGuardedAction((result, cancellation) =>
        {
            var path = result.GetRequiredValue(image);
            var isTrial = result.GetValue(dryRun);
            var report = BootJob.ConvertToUefi(path, edit.Read(result), isTrial, cancellation);
            if (report.Steps.Count == 0 && !GlobalOptions.WantsJson(result))
            {
                Output.Line("The machine starts by UEFI already.");
            }

            BootChangeView.Print(result, path, report, isTrial);
            return ExitCode.Done;
        });
        return command;
    }
}
