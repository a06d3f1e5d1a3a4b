using System.CommandLine;
using OfflinePatch.Cli.Batch;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Cli.Words;
using OfflinePatch.Core;
using OfflinePatch.Windows.Jobs;
using OfflinePatch.Windows.Reports;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>watch DIR --done DIR2</c>: images that arrive complete in a directory are fixed and moved.</summary>
internal static class WatchCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Polls a directory. An image that has not changed for some seconds, and that no other program has open for
        writing, is fixed in place; when it is ready it is moved with its undo files. One that is not ready, is refused or fails goes to
        --failed, or stays until it changes.

        Whoever delivers images should write them under another ending, .part for example, and rename them when they are complete: that
        is safer than any waiting. Each image is printed when it is finished, with --json or --json-lines as one line.
        """,
        [
            new("Images come by rsync, and leave ready:",
                "offlinepatch watch incoming --done ready --failed stuck --drivers virtio-win.iso --json-lines >> watch.jsonl"),
            new("From cron, without staying:", "offlinepatch watch incoming --done ready --once -q"),
        ],
        [new(ExitCode.Done, "with --once: every image that was complete is ready"), Usage, Unreadable, NotReady, Refused, HostFailure,
            Cancelled])
    {
        Environment = [Clock, Temporary],
        Files = [UndoFile],
        SeeAlso = ["fix", "undo"],
    };

    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "The directory that images arrive in." };
        CommonArguments.RefuseEmpty(folder);
        var done = new Option<string>("--done")
        {
            Description = "Where images go that are ready, with their undo files; created where missing, on the same file system.",
            HelpName = "DIR",
            Required = true,
        };
        var failed = new Option<string?>("--failed")
        {
            Description = "Where the others go; without it they stay, and are tried again when they change.",
            HelpName = "DIR",
        };
        var settle = TypedOption.Number("--settle", 0, 86_400,
            "Seconds without a change after which an image counts as complete; 10 without it.");
        var interval = TypedOption.Number("--interval", 1, 86_400, "Seconds between two polls of the directory; 5 without it.");
        var once = new Option<bool>("--once") { Description = "Poll once, work on what is complete, and end; for cron." };
        var options = new RequestOptions();
        var command = new Command("watch", "Fixes images as they arrive in a directory, and moves those that are ready into another.")
        { folder, done, failed, settle, interval, once };
        options.AddRuleOptionsTo(command);
        options.AddImageOptionsTo(command, writes: true);
        command.SetGuardedAction((result, cancellation) =>
        {
            var source = result.GetRequiredValue(folder);
            OutputPaths.RequireSource("DIR", source);
            foreach (var target in new[] { result.GetRequiredValue(done), result.GetValue(failed) }.OfType<string>())
            {
                HostPaths.CreateDirectory(target);
                if (string.Equals(HostPaths.Resolve(target), HostPaths.Resolve(source), StringComparison.Ordinal))
                {
                    throw new UsageException($"{target} is the directory that is watched; name another one");
                }
            }

            options.Check(result);
            var open = options.ReadEdit(result);
            if (open.UndoFolder is not null)
            {
                throw new UsageException("--undo-dir cannot be combined with watch: undo files move with their images");
            }

            var request = new FixRequest { Rules = options.ReadRules(result), Open = open };
            var arrivals = new Arrivals(source, TimeSpan.FromSeconds(result.GetValue(settle) ?? 10));
            var code = ExitCode.Done;
            using var sources = new ThreadLocal<OpenedSources?>(trackAllValues: true);
            while (true)
            {
                var images = arrivals.Complete(TimeProvider.System.GetUtcNow());
                if (images.Count > 0)
                {
                    var batch = BatchRunner.Run(
                        new BatchRequest(images, options.Jobs(result), (path, token) => FixJob.Fix(
                            path, request with { Open = open with { Trace = RunLog.For(path, isOnlyOne: false) } },
                            sources.Value ??= OpenedSources.Open(request.Rules), token))
                        {
                            KeepsReports = false,
                            Finished = (_, report) =>
                                Finish(report, result.GetRequiredValue(done), result.GetValue(failed), options.Form(result), arrivals),
                        },
                        cancellation);
                    code = Math.Max(code, batch.ExitCode);
                }

                if (result.GetValue(once) || cancellation.WaitHandle.WaitOne(TimeSpan.FromSeconds(result.GetValue(interval) ?? 5)))
                {
                    break;
                }
            }

            return cancellation.IsCancellationRequested ? ExitCode.Cancelled : code;
        });
        return command;
    }

    // Where it is now: what is printed of it has to lead there.
    private static ImageReport Moved(ImageReport report, string target) => report with
    {
        Path = Path.Combine(target, Path.GetFileName(report.Path)),
        UndoFile = report.UndoFile is null ? null : Path.Combine(target, Path.GetFileName(report.UndoFile)),
        Notes = [.. report.Notes, $"It was moved here from {report.Path}."],
    };

    private static void Finish(ImageReport report, string done, string? failed, ResultForm form, Arrivals arrivals)
    {
        Output.HasChanged |= report.Changes is { BytesWritten: > 0 };
        var isReady = report.Result is ImageResult.Ready or ImageResult.RulesPass;
        var target = isReady ? done : report.Result == ImageResult.Cancelled ? null : failed;
        try
        {
            if (target is not null)
            {
                arrivals.Move(report.Path, target);
                report = Moved(report, target);
            }
            else
            {
                arrivals.Leave(report.Path);
            }
        }
        catch (HostIOException e)
        {
            arrivals.Leave(report.Path);
            target = null;
            Output.Message($"{report.Path}: {e.Message}");
        }

        if (form == ResultForm.Text)
        {
            RuleTable.Print(report);
        }
        else
        {
            Output.HasDocument = true;
            Console.Out.WriteLine(ReportJson.SerializeLine(new ReportDocument(ReportDocument.CurrentSchema, Tool.Identity, "watch",
                [report])));
        }
    }
}
