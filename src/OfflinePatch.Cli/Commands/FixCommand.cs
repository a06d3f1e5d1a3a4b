using System.CommandLine;
using OfflinePatch.Cli.Batch;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>fix IMAGE...</c>: makes images ready.</summary>
internal static class FixCommand
{
    public static Command Create()
    {
        var images = CommonArguments.Images();
        var options = new RequestOptions();
        var output = new Option<string?>("--output", "-o")
        {
            Description = "Write a fixed copy and leave the image as it is. With several images: a directory.",
            HelpName = "PATH",
        };
        var format = new Option<ImageFormat?>("--output-format", "-O") { Description = "Format of the copy; by default that of the image.", HelpName = "FORMAT" };
        var subformat = new Option<string?>("--vmdk-subformat") { Description = "Variant of a VMDK copy: monolithicSparse or streamOptimized.", HelpName = "NAME" };
        var compress = new Option<string?>("--compress") { Description = "Compression of the copy, where its format has a choice.", HelpName = "zlib|zstd" };
        var force = new Option<bool>("--force") { Description = "Replace the copy if it exists." };
        var verify = new Option<bool>("--verify") { Description = "Read the copy again and compare every byte." };
        var createMf = CommonOptions.CreateMf();
        var qemuImgHw = CommonOptions.QemuImgHw();
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be done, and change nothing." };
        compress.AcceptOnlyFromAmong("zlib", "zstd");

        var command = new Command("fix", "Makes images ready for the target, in place or as fixed copies. All or nothing; `undo` takes it back.")
        {
            images, output, format, subformat, compress, verify, createMf, qemuImgHw, force, dryRun,
        };
        options.AddRuleOptionsTo(command);
        options.AddImageOptionsTo(command, writes: true);
        command.Validators.Add(result =>
        {
            if (result.GetValue(output) is null
                && (Option[])[format, subformat, compress, verify, force, createMf, qemuImgHw] is var ofCopies
                && ofCopies.FirstOrDefault(o => result.GetResult(o) is { Implicit: false }) is { } lone)
            {
                result.AddError($"{lone.Name} goes with --output");
            }

            if (result.GetValue(output) is { } path && result.GetValue(images) is { Length: > 1 } && !HostPaths.IsDirectory(path))
            {
                result.AddError("with several images --output must name an existing directory");
            }

            if (result.GetValue(output) is { } folder && HostPaths.IsDirectory(folder)
                && ImagePaths.FirstDuplicate((result.GetValue(images) ?? []).Select(i => OutputFor(i, folder, result.GetValue(format)))) is { } twice)
            {
                result.AddError($"two images would both be written as {twice}; fix them into different directories");
            }
        });
        command.SetGuardedAction((result, cancellation) =>
        {
            using var progress = result.GetValue(output) is not null && result.GetRequiredValue(images).Length == 1 ? new ConversionBar() : null;
            var request = new FixRequest { Open = options.ReadEdit(result), Rules = options.ReadRules(result), DryRun = result.GetValue(dryRun) };
            var copy = result.GetValue(output) is not { } target ? null : new OutputOptions(target)
            {
                Format = result.GetValue(format),
                Subformat = result.GetValue(subformat),
                Compression = result.GetValue(compress),
                CreateMfJar = result.GetValue(createMf),
                QemuImgHw = result.GetValue(qemuImgHw),
                Verify = result.GetValue(verify),
                Progress = progress,
                Overwrite = result.GetValue(force),
            };
            return ImagesCommand.Run(
                "fix", result.GetRequiredValue(images), options, result,
                (path, token) => FixJob.Fix(path, request with { Output = copy is null ? null : copy with { Path = OutputFor(path, copy.Path, copy.Format) } }, token),
                RuleTable.Print, cancellation);
        });
        return command;
    }

    private static string OutputFor(string image, string target, ImageFormat? format)
    {
        if (!HostPaths.IsDirectory(target))
        {
            return target;
        }

        var name = Path.GetFileName(image);
        return Path.Combine(target, format is null ? name : Path.ChangeExtension(name, FormatNames.ExtensionOf(format.Value)));
    }
}
