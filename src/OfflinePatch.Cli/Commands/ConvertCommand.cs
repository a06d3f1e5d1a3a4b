using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Cli.Words;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Conversion.FastImport;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>convert IN -o OUT</c>: between the ten formats.</summary>
internal static class ConvertCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Reads an image of any of the formats RAW, VMDK, VHD, VHDX, VDI, QCOW2, QCOW, QED, ZVHD and ZVHD2, and writes a new one. What is
        in it stays byte for byte; holes and zeros take no space in formats that can leave them out. The new file appears under its name
        when it is complete.
        """,
        [
            new("The ending says the format:", "offlinepatch convert server.vmdk server.qcow2"),
            new("For fast import, compared after it was written:", "offlinepatch convert server.vhdx -o server.zvhd2 --verify"),
            new("A VMDK in one stream:", "offlinepatch convert server.raw -o server.vmdk --subformat streamOptimized"),
        ],
        [new(ExitCode.Done, "written"), Usage, Unreadable, Refused, HostFailure, ResultLost, Cancelled])
    {
        SeeAlso = ["compare", "fix"],
    };

    public static Command Create()
    {
        var input = CommonArguments.Image();
        var named = new Argument<string?>("OUT") { Description = "The new image, in place of --output.", Arity = ArgumentArity.ZeroOrOne };
        var output = new Option<string?>("--output", "-o") { Description = "The new image.", HelpName = "FILE" };
        var inputFormat = TypedOption.Format("The image must be of this format, or it is refused; its content says what it is.",
            "--input-format", "-f");
        var format = TypedOption.Format("Its format; by default what the ending of its name says.");
        var subformat = new Option<string?>("--subformat", "--vmdk-subformat")
        {
            Description = "Its variant: VMDK monolithicSparse or streamOptimized, VHD dynamic or fixed.",
            HelpName = "NAME",
        };
        var compress = new Option<string?>("--compress")
        {
            Description = "Its compression, where its format has a choice (QCOW2, ZVHD2).",
            HelpName = "zlib|zstd",
        };
        var verify = new Option<bool>("--verify") { Description = "Read the new image again and compare every byte." };
        var force = new Option<bool>("--force") { Description = "Replace the new image if it exists." };
        var allowBacking = CommonOptions.AllowBacking("image names");
        var createMf = CommonOptions.CreateMf();
        var qemuImgHw = CommonOptions.QemuImgHw();
        compress.AcceptOnlyFromAmong("zlib", "zstd");

        var command = new Command("convert", "Converts an image into another format. Holes stay holes; the image itself is only read.")
        {
            input, named, output, inputFormat, format, subformat, compress, verify, force, allowBacking, createMf, qemuImgHw,
        };
        command.SetGuardedAction((result, cancellation) =>
        {
            var path = result.GetValue(output) ?? result.GetValue(named)
                ?? throw new UsageException("the new image is not named: `offlinepatch convert IMAGE OUT`, or with -o FILE");
            if (result.GetValue(output) is not null && result.GetValue(named) is not null)
            {
                throw new UsageException("the new image is named twice, as OUT and with --output");
            }

            var wanted = FormatNames.OfOutput(path, result.GetValue(format))
                ?? throw new UsageException($"the name {path} does not say which format to write; add -O FORMAT");
            OutputVariants.Check(wanted, result.GetValue(subformat), result.GetValue(compress));
            OutputPaths.Check("-o", path, result.GetValue(force));
            var request = new ConversionRequest(
                result.GetRequiredValue(input),
                path,
                wanted,
                Subformat: result.GetValue(subformat),
                Compression: result.GetValue(compress),
                Overwrite: result.GetValue(force),
                AllowBacking: result.GetValue(allowBacking),
                Verify: result.GetValue(verify),
                CreateMfJar: result.GetValue(createMf),
                QemuImgHw: result.GetValue(qemuImgHw))
            {
                Note = Output.Note,
                ExpectedFormat = result.GetValue(inputFormat),
            };
            RunLog.Trace?.Invoke($"converting {request.SourcePath} to {path}");
            using var progress = new ConversionBar(path);
            var outcome = ConversionJob.Run(request, progress, cancellation);
            progress.Dispose();
            Output.HasChanged = true;
            if (GlobalOptions.WantsJson(result))
            {
                DocumentJson.Print(Describe(request, outcome));
            }
            else
            {
                Print(request, outcome);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static ConversionDocument Describe(ConversionRequest request, ConversionOutcome outcome) => new(
        request.SourcePath, FormatNames.ExtensionOf(outcome.SourceFormat),
        outcome.SourceSubformat.Length > 0 ? outcome.SourceSubformat : null,
        request.OutputPath, FormatNames.ExtensionOf(request.Format), outcome.Result.VirtualSize, outcome.Result.StoredBytes,
        outcome.Result.OutputBytes,
        outcome.Result.Verified, outcome.BitmapPath, (long)outcome.Result.Elapsed.TotalMilliseconds);

    private static void Print(ConversionRequest request, ConversionOutcome outcome)
    {
        var result = outcome.Result;
        var variant = outcome.SourceSubformat.Length > 0 ? $" {outcome.SourceSubformat}" : "";
        Output.Line(
            $"{request.OutputPath}: {FormatNames.ExtensionOf(request.Format)} from "
                + $"{FormatNames.ExtensionOf(outcome.SourceFormat)}{variant}, "
            + $"{ByteSize.Text(result.VirtualSize)} disk, {ByteSize.Text(result.StoredBytes)} data, "
            + $"{ByteSize.Text(result.OutputBytes)} file, {result.Elapsed.TotalSeconds:0.0} s{(result.Verified ? ", verified" : "")}");
        if (outcome.BitmapPath is not null)
        {
            Output.Line($"{outcome.BitmapPath}: bitmap for fast import; upload it with the image");
        }
    }
}
