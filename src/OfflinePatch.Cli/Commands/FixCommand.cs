using System.CommandLine;
using OfflinePatch.Cli.Batch;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Cli.Words;
using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Conversion.FastImport;
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
        var format = TypedOption.Format("Format of the copy; by default what the ending of its name says, else that of the image.");
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
        command.SetGuardedAction((result, cancellation) =>
        {
            if (result.GetValue(output) is null
                && (Option[])[format, subformat, compress, verify, force, createMf, qemuImgHw] is var ofCopies
                && ofCopies.FirstOrDefault(o => result.GetResult(o) is { Implicit: false }) is { } lone)
            {
                throw new UsageException($"{lone.Name} goes with --output");
            }

            if (result.GetValue(output) is { } path && result.GetValue(images) is { Length: > 1 } && !HostPaths.IsDirectory(path))
            {
                throw new UsageException("with several images --output must name an existing directory");
            }

            if (result.GetValue(output) is { } folder && HostPaths.IsDirectory(folder)
                && ImagePaths.FirstDuplicate((result.GetValue(images) ?? []).Select(i => OutputFor(i, folder, result.GetValue(format)))) is { } twice)
            {
                throw new UsageException($"two images would both be written as {twice}; fix them into different directories");
            }

            CheckOutputs(result.GetRequiredValue(images), result.GetValue(output), result.GetValue(format), result.GetValue(subformat), result.GetValue(compress), result.GetValue(force));
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
                (path, token) => FixJob.Fix(path, request with { Output = copy is null ? null : CopyOf(path, copy) }, token),
                RuleTable.Print, cancellation);
        });
        return command;
    }

    private static OutputOptions CopyOf(string image, OutputOptions copy) => HostPaths.IsDirectory(copy.Path)
        ? copy with { Path = OutputFor(image, copy.Path, copy.Format) }
        : copy with { Format = FormatNames.OfOutput(copy.Path, copy.Format) };

    /// <summary>Tries every path that is going to be written before the first image is opened.</summary>
    private static void CheckOutputs(string[] images, string? target, ImageFormat? format, string? subformat, string? compress, bool force)
    {
        if (target is null)
        {
            return;
        }

        if (!HostPaths.IsDirectory(target))
        {
            format = FormatNames.OfOutput(target, format);
        }

        if (format is { } known)
        {
            OutputVariants.Check(known, subformat, compress);
        }

        foreach (var image in images)
        {
            OutputPaths.Check("-o", OutputFor(image, target, format), force);
        }
    }

    // A package holds a VMDK; a copy of it is one, and is named as one.
    private static string OutputFor(string image, string target, ImageFormat? format)
    {
        if (!HostPaths.IsDirectory(target))
        {
            return target;
        }

        var name = Path.GetFileName(image);
        return Path.Combine(target, format is { } wanted ? Path.ChangeExtension(name, FormatNames.ExtensionOf(wanted))
            : Path.GetExtension(name).ToLowerInvariant() is ".ova" or ".ovf" ? Path.ChangeExtension(name, ".vmdk") : name);
    }
}
