using System.CommandLine;
using OfflinePatch.Cli.Batch;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Cli.Words;
using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Conversion.FastImport;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>fix IMAGE...</c>: makes images ready.</summary>
internal static class FixCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        $"""
        Makes images ready for the target. First the gates run: an image that is encrypted, hibernated, dirty, damaged or in the middle
        of an update is refused untouched. Then every rule checks, and fixes what it can: network interfaces go to DHCP, VirtIO drivers
        are staged as Windows itself would stage them, Cloudbase-Init is installed and configured, the boot is repaired. The result
        is verified as a whole (hives, volumes, every rule again) before the first byte of the image changes.

        What is written is written as one transaction: a process that is killed while it writes leaves an image that the next command
        rolls back by itself. Where something is left that this program cannot do, the rest is still written, and the image is
        not ready; --require-ready writes only what makes it ready. A second run finds nothing to do and writes nothing. `offlinepatch
        rules` explains every rule with the keys and files that it changes; --dry-run says what would be done.

        Tools of another hypervisor are reported, and stay. --remove-tools vmware removes VMware Tools with drivers, services, devices,
        registrations and files; --remove-tools vmware=silence only disables what starts; all stands for every product. A storage driver is
        removed only when another one is ready to start Windows, parts of Windows never. --tools-data adds products of your own.

        With --output the image is not changed and a fixed copy is written, in any format. That is also the way for formats that cannot
        be changed in place (streamOptimized VMDK, OVA, ZVHD).

        {InBatches}
        """,
        [
            new("In place, with drivers from the virtio-win disc and the agent:",
                "offlinepatch fix server.vmdk --drivers virtio-win.iso --cloudbase-init cloudbase-init.zip"),
            new("A fixed copy in the format that imports over 128 GB need:",
                "offlinepatch fix server.vmdk -o server.zvhd2 -O zvhd2 --drivers virtio-win.iso"),
            new("What would be done, and a page for the owner of the machine:",
                "offlinepatch fix server.vmdk --drivers virtio-win.iso --dry-run --report server.html"),
            new("With the old static address on the new adapter, another name, and a script of your own at the first start:",
                "offlinepatch fix server.vmdk --drivers virtio-win.iso --network keep --hostname web-01 --first-boot register.ps1"),
            new("From VMware, with its tools removed:", "offlinepatch fix server.vmdk --drivers virtio-win.iso --remove-tools vmware"),
            new("Only the network, for another cloud:", "offlinepatch fix server.qcow2 --target openstack-kvm --only network.*"),
            new("A whole migration, four at a time, a record for each image as it is finished, a page for each owner:",
                "offlinepatch fix exports --drivers virtio-win.iso --jobs 4 --json-lines --report pages/ > result.jsonl"),
            new("Fixed copies of the images of a list; resume where it was stopped:",
                "offlinepatch fix --images-from list.txt -o ready/ -O qcow2 --skip-existing"),
        ],
        [new(ExitCode.Done, "done, and every image is ready"), Usage, Unreadable, NotReady, Refused, HostFailure, ResultLost,
            Cancelled])
    {
        Environment = [Clock, Temporary],
        Files = [UndoFile],
        SeeAlso = ["check", "rules", "undo", "drivers"],
    };

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
            Description = "Skip images whose copy exists: a copy has its name only once it is complete, so a batch that was stopped "
                + "resumes where it was.",
        };
        var verify = new Option<bool>("--verify") { Description = "Read the copy again and compare every byte." };
        var createMf = CommonOptions.CreateMf();
        var qemuImgHw = CommonOptions.QemuImgHw();
        var dryRun = CommonArguments.DryRun();
        var requireReady = new Option<bool>("--require-ready")
        {
            Description = "Write only when the result is ready; otherwise change nothing.",
        };
        compress.AcceptOnlyFromAmong("zlib", "zstd");

        var command = new Command("fix",
            "Makes images ready for the target, in place or as fixed copies, each change as one transaction that `undo` reverts.");
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
