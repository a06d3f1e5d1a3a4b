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
        var images = new ImageListOptions();
        var options = new RequestOptions();
        var output = new Option<string?>("--output", "-o")
        {
            Description = "Write a fixed copy and leave the image as it is. With several images a directory, which is created; also with "
                + "one image where the path ends in /.",
            HelpName = "PATH",
        };
        var format = TypedOption.Format("Format of the copy; by default what the ending of its name says, else that of the image.");
        var subformat = new Option<string?>("--vmdk-subformat")
        {
            Description = "Variant of a VMDK copy: monolithicSparse or streamOptimized.",
            HelpName = "NAME",
        };
        var compress = new Option<string?>("--compress")
        {
            Description = "Compression of the copy, where its format has a choice.",
            HelpName = "zlib|zstd",
        };
        var force = new Option<bool>("--force") { Description = "Replace the copy if it exists." };
        var skipExisting = new Option<bool>("--skip-existing")
        {
            Description = "Pass over images whose copy exists: a copy has its name only once it is complete, so a batch that was stopped "
                + "goes on where it was.",
        };
        var verify = new Option<bool>("--verify") { Description = "Read the copy again and compare every byte." };
        var createMf = CommonOptions.CreateMf();
        var qemuImgHw = CommonOptions.QemuImgHw();
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be done, and change nothing." };
        var requireReady = new Option<bool>("--require-ready")
        {
            Description = "Write only when the result is ready; otherwise change nothing.",
        };
        compress.AcceptOnlyFromAmong("zlib", "zstd");

        var command = new Command("fix",
            "Makes images ready for the target, in place or as fixed copies, each change as one transaction that `undo` takes back.");
        images.AddTo(command);
        foreach (var option in (Option[])[output, format, subformat, compress, verify, createMf, qemuImgHw, force, skipExisting, dryRun,
            requireReady])
        {
            command.Add(option);
        }

        options.AddRuleOptionsTo(command);
        options.AddImageOptionsTo(command, writes: true);
        command.SetGuardedAction((result, cancellation) =>
        {
            var target = result.GetValue(output);
            if (target is null
                && (Option[])[format, subformat, compress, verify, force, skipExisting, createMf, qemuImgHw] is var ofCopies
                && ofCopies.FirstOrDefault(o => result.GetResult(o) is { Implicit: false }) is { } lone)
            {
                throw new UsageException($"{lone.Name} goes with --output");
            }

            if (result.GetValue(force) && result.GetValue(skipExisting))
            {
                throw new UsageException("--force replaces copies that exist, --skip-existing leaves them: choose one");
            }

            var paths = images.Read(result);
            options.Check(result);
            var copies = target is null ? null : new FixedCopies(paths, target, result.GetValue(format), images.IsList(result))
            {
                Subformat = result.GetValue(subformat),
                Compression = result.GetValue(compress),
                Overwrite = result.GetValue(force),
                SkipExisting = result.GetValue(skipExisting),
            };
            copies?.Check(result.GetValue(dryRun));
            using var progress = copies is not null && paths.Count == 1 ? new ConversionBar(copies.PathOf(paths[0])) : null;
            var request = new FixRequest
            {
                Rules = options.ReadRules(result),
                DryRun = result.GetValue(dryRun),
                RequireReady = result.GetValue(requireReady),
            };
            return ImagesCommand.Run(
                "fix", paths, options, request.Rules, result,
                (path, open, sources, token) => copies?.IsDone(path) == true
                    ? BatchRunner.Skipped(path, $"{copies.PathOf(path)} exists already.") with { OutputFile = copies.PathOf(path) }
                    : FixJob.Fix(
                        path,
                        request with
                        {
                            Open = open,
                            Output = copies?.OptionsOf(path) is not { } copy ? null : copy with
                            {
                                CreateMfJar = result.GetValue(createMf),
                                QemuImgHw = result.GetValue(qemuImgHw),
                                Verify = result.GetValue(verify),
                                Progress = progress,
                            },
                        },
                        sources, token),
                RuleTable.Print, cancellation);
        });
        return command;
    }
}
