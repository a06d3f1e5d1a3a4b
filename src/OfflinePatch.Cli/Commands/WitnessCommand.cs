using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using OfflinePatch.Cli.Batch;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Cli.Witness;
using OfflinePatch.Cli.Words;
using OfflinePatch.Core;
using OfflinePatch.Windows.Jobs;
using OfflinePatch.Windows.Reports;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>witness IMAGE...</c>: starts disposable overlays in QEMU, and reports how far each got.</summary>
internal static class WitnessCommand
{
    private const long LeastMemory = 64L << 20;

    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Starts each image in QEMU, from VirtIO block, VirtIO SCSI and SATA, and reports how far it got. The image is only read: the machine
        writes into an overlay in the directory of temporary files, which is deleted. The machine has no network and no device of this
        host. QEMU must be installed, for UEFI machines its firmware too (Debian: qemu-system-x86, ovmf). With KVM a start takes as long
        as on a cloud; without it many times longer.

        In the overlay a startup script of the local group policy waits that writes one line with a random number on COM1
        (--no-script leaves it out). The results:

        started: that line came, or the QEMU guest agent answered. stop code: Windows reported a stop to the hypervisor (with KVM), or the
        screen shows a blue page like those of Windows. loader only: more was read from the disk than the firmware reads for itself
        (64 KiB by a BIOS, 1 MiB by UEFI), or a message of a boot sector or loader is on the screen; nothing more was seen. no sign:
        none of these in the time.

        Only `started` is certain. The others are what was seen from outside; --report page.html keeps the pictures of the screens.
        """,
        [
            new("Does the fixed image start?", "offlinepatch witness ready/server.qcow2 --report start.html"),
            new("From one bus, without KVM, with more patience:",
                "offlinepatch witness server.vmdk --bus virtio-scsi --accel tcg --timeout 3600"),
            new("Which of many images did not start, and from which bus:",
                "offlinepatch witness ready/ --json | jq -r '.images[] | .path as $p | .runs[] | select(.result != \"started\") | "
                    + "[$p, .bus, .result] | @tsv'"),
        ],
        [new(ExitCode.Done, "every image started from every bus"), Usage, Unreadable,
            new(ExitCode.NotReady, "an image did not start from a bus"), Refused,
            new(ExitCode.HostFailure, "QEMU or its firmware is missing or failed, or this machine did"), ResultLost, Cancelled])
    {
        SeeAlso = ["fix", "check", "recover"],
        Environment = [("TMPDIR", "Where the overlays are; a start of Windows writes some hundred MiB to some GiB.")],
    };

    public static Command Create()
    {
        var images = new ImageListOptions();
        var bus = new Option<string>("--bus")
        {
            Description = "The bus of the disk, each a start of its own; several separated by commas.",
            HelpName = "BUS,...",
            DefaultValueFactory = _ => string.Join(',', QemuArguments.Buses),
        };
        var timeout = TypedOption.Number("--timeout", 1, 86_400, "Seconds to wait for a sign of each start; 300 by default.");
        var memory = TypedOption.Size("--memory", "Memory of a machine (4G); 2 GiB by default.");
        var accelerator = new Option<string>("--accel")
        {
            Description = "kvm: by the processor itself. tcg: emulated. auto: KVM where there is one.",
            HelpName = "kvm|tcg|auto",
            DefaultValueFactory = _ => "auto",
        };
        accelerator.AcceptOnlyFromAmong("kvm", "tcg", "auto");
        var noScript = new Option<bool>("--no-script")
        {
            Description = "Put no script into the overlay: then only the guest agent can say that Windows runs.",
        };
        var qemu = new Option<string?>("--qemu")
        {
            Description = "The program of QEMU, if it is not qemu-system-x86_64 (for Arm machines qemu-system-aarch64) of the PATH.",
            HelpName = "FILE",
        };
        var firmware = new Option<string?>("--firmware")
        {
            Description = "The firmware, if it is not the one that is installed; for UEFI the code, with its variables beside it (VARS for "
                + "CODE in the name), or both in one file.",
            HelpName = "FILE",
        };
        var allowBacking = CommonOptions.AllowBacking("image names");
        var jobs = TypedOption.Number("--jobs", 1, 64, "How many machines run at once; 1 by default.");
        var report = new Option<string?>("--report")
        {
            Description = "Also write the report to PATH: .json, one self-contained page with the pictures of the screens as .html, or a "
                + "directory (ends in /) for both.",
            HelpName = "PATH",
        };
        var command = new Command("witness", "Starts images in QEMU from disposable overlays, and reports how far each got.")
        {
            bus, timeout, memory, accelerator, noScript, qemu, firmware, allowBacking, jobs, report,
        };
        images.AddTo(command);
        command.SetGuardedAction((result, cancellation) =>
        {
            if (OperatingSystem.IsWindows())
            {
                throw WitnessError.NotHere();
            }

            OutputPaths.RequireSource("--firmware", result.GetValue(firmware));
            var target = result.GetValue(report) is { } path ? new WitnessReportTarget(path) : null;
            var options = new WitnessOptions
            {
                Buses = Buses(result.GetValue(bus)!),
                Qemu = result.GetValue(qemu),
                Firmware = result.GetValue(firmware),
                Accelerator = result.GetValue(accelerator)!,
                Memory = result.GetValue(memory) is not { } size ? WitnessOptions.DefaultMemory
                    : size >= LeastMemory ? size : throw new UsageException("--memory: a machine has 64M at least"),
                Timeout = TimeSpan.FromSeconds(result.GetValue(timeout) ?? WitnessOptions.DefaultTimeout),
            };
            var named = images.Read(result);
            target?.Check();
            var open = new EditOptions { AllowBacking = result.GetValue(allowBacking), Note = Output.Note };
            return Run(named, (path, token) =>
            {
                var trace = RunLog.For(path, named.Count == 1);
                return WitnessRunner.Run(path, open with { Trace = trace }, options with { Trace = trace }, !result.GetValue(noScript),
                    token);
            },
                result.GetValue(jobs) ?? 1, GlobalOptions.WantsJson(result), target, cancellation);
        });
        return command;
    }

    private static List<string> Buses(string text)
    {
        var buses = text.Split(',', StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal).ToList();
        return buses.Find(b => !QemuArguments.Buses.Contains(b)) is { } unknown
            ? throw new UsageException($"--bus takes {string.Join(", ", QemuArguments.Buses)}, not '{unknown}'")
            : buses;
    }

    private static int Run(
        IReadOnlyList<string> images, Func<string, CancellationToken, WitnessReport> work, int jobs, bool isJson,
        WitnessReportTarget? target, CancellationToken cancellation)
    {
        var context = ReportTarget.Context();
        var found = new ConcurrentDictionary<string, WitnessReport>(StringComparer.Ordinal);
        var watch = Stopwatch.StartNew();
        var batch = BatchRunner.Run(
            new BatchRequest(images, jobs, (path, token) =>
            {
                var one = work(path, token);
                found[path] = one;
                return new ImageReport
                {
                    Path = path,
                    Result = one.Result == WitnessOutcome.Started ? ImageResult.Ready : ImageResult.NotReady,
                };
            })
            {
                Word = one => one.Result switch
                {
                    ImageResult.Ready => HtmlWitnessReport.Word(WitnessOutcome.Started),
                    ImageResult.NotReady => HtmlWitnessReport.Word(WitnessOutcome.NotStarted),
                    _ => RuleTable.Word(one),
                },
            },
            cancellation);
        WitnessReport[] reports = [.. batch.Reports.Select(r => Complete(r, found.GetValueOrDefault(r.Path)))];
        var document = new WitnessDocument(reports);
        if (isJson)
        {
            DocumentJson.Print(document);
        }
        else
        {
            WitnessView.Print(reports, watch.Elapsed);
        }

        target?.Write(document, context);
        return batch.ExitCode;
    }

    private static WitnessReport Complete(ImageReport outcome, WitnessReport? report) =>
        report is not null && outcome.Error is null
            ? report with { ElapsedMs = outcome.ElapsedMs }
            : new WitnessReport
            {
                Path = outcome.Path,
                Result = outcome.Result switch
                {
                    ImageResult.Refused => WitnessOutcome.Refused,
                    ImageResult.Cancelled => WitnessOutcome.Cancelled,
                    _ => WitnessOutcome.Error,
                },
                Error = outcome.Error,
                ElapsedMs = outcome.ElapsedMs,
            };
}
