using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Cli.Words;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>resize IMAGE SIZE</c>: a larger disk, and with it the volume of Windows.</summary>
internal static class ResizeCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Makes the virtual disk larger, in place for RAW, VMDK (sparse and flat), VHD, VHDX, VDI, QCOW2 and QED, and in a copy (-o) for
        every format. The backup of a GPT moves to the new end; an MBR and all partitions stay. Windows is not needed for that.

        --extend gives the new space to Windows: its partition takes what is unallocated directly after it, and its NTFS volume fills the
        partition. A recovery partition in between moves to the end of the disk on GPT disks, with the offsets in ReAgent.xml; anything
        else that lies in between is reported, and nothing is written. A volume that is dirty, hibernated or has an open log is refused.

        Never makes a disk smaller. A second run finds nothing to do and writes nothing.
        """,
        [
            new("Sixty GiB, and drive C: fills them:", "offlinepatch resize server.qcow2 60G --extend"),
            new("What would be done:", "offlinepatch resize server.vmdk +20G --extend --dry-run"),
            new("A larger copy in another format:", "offlinepatch resize server.ova 80G -o server.qcow2 --extend"),
        ],
        Writing)
    {
        Environment = [Clock, Temporary],
        Files = [UndoFile],
        SeeAlso = ["fix", "convert", "undo"],
    };

    public static Command Create()
    {
        var image = CommonArguments.Image();
        var size = TypedOption.NewSize("SIZE", "The new size of the disk (60G), or +SIZE to add to the present one.");
        var extend = new Option<bool>("--extend")
        {
            Description = "Extend the partition of Windows and its NTFS volume into the space that follows them.",
        };
        var dryRun = CommonArguments.DryRun();
        var output = new Option<string?>("--output", "-o")
        {
            Description = "Write a larger copy and leave the image as it is.",
            HelpName = "FILE",
        };
        var format = TypedOption.Format("Format of the copy; by default what the ending of its name says, else that of the image.");
        var force = new Option<bool>("--force") { Description = "Replace the copy if it exists." };
        var edit = new EditArguments();
        var command = new Command("resize",
            "Makes the disk of an image larger, and the volume of Windows with it (--extend). Never smaller.")
        {
            image, size, extend, dryRun, output, format, force,
        };
        edit.AddTo(command, writes: true);
        command.SetGuardedAction((result, cancellation) =>
        {
            var path = result.GetRequiredValue(image);
            var target = result.GetValue(output);
            if (target is null && ((Option[])[format, force]).FirstOrDefault(o => result.GetResult(o) is { Implicit: false }) is { } lone)
            {
                throw new UsageException($"{lone.Name} goes with --output");
            }

            if (target is not null)
            {
                OutputPaths.Check("-o", target, result.GetValue(force));
            }

            var (bytes, isIncrease) = result.GetRequiredValue(size);
            using var progress = target is null || result.GetValue(dryRun) ? null : new ConversionBar(target);
            var resized = ResizeJob.Resize(
                path, edit.Read(result),
                new ResizeRequest
                {
                    Length = bytes,
                    IsIncrease = isIncrease,
                    Extend = result.GetValue(extend),
                    DryRun = result.GetValue(dryRun),
                    Output = target is null ? null : new OutputOptions(target)
                    {
                        Format = FormatNames.OfOutput(target, result.GetValue(format)),
                        Overwrite = result.GetValue(force),
                        Progress = progress,
                    },
                },
                cancellation);
            progress?.Dispose();
            Print(result, path, resized, result.GetValue(dryRun));
            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(ParseResult result, string path, ResizeResult resized, bool isTrial)
    {
        if (GlobalOptions.WantsJson(result))
        {
            EditOutcome.Print(result, path, resized.Edit, d => d with
            {
                Resize = new ResizeReport(resized.Before, resized.After, resized.Steps, resized.Notes, resized.OutputFile),
                DryRun = isTrial ? true : null,
            });
            Output.HasChanged |= resized.OutputFile is not null && !isTrial;
            return;
        }

        foreach (var step in resized.Steps)
        {
            Output.Line($"{(isTrial ? "would change" : "changed")}  {step}");
        }

        foreach (var note in resized.Notes)
        {
            Output.Note(note);
        }

        if (isTrial)
        {
            Output.HasChanged = false;
            Output.Line("Nothing was written.");
        }
        else if (resized.OutputFile is { } copy)
        {
            Output.HasChanged = true;
            Output.Line($"{copy}: {ByteSize.Text(resized.After)} disk");
        }
        else
        {
            EditOutcome.Print(result, path, resized.Edit);
        }
    }
}
