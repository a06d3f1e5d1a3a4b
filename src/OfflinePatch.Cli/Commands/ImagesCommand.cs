using System.CommandLine;
using System.Diagnostics;
using OfflinePatch.Cli.Batch;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Jobs;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Cli.Commands;

/// <summary>The work of <c>fix</c>, <c>check</c> or <c>inspect</c> on one image, with the sources that its thread has open.</summary>
internal delegate ImageReport ImageWork(string path, EditOptions open, OpenedSources sources, CancellationToken cancellation);

/// <summary>
/// What <c>fix</c>, <c>check</c> and <c>inspect</c> have in common: run over images, print each as it is finished, then a summary or one
/// document.
/// </summary>
internal static class ImagesCommand
{
    public static int Run(
        string command, IReadOnlyList<string> images, RequestOptions options, RuleRequest rules, ParseResult result, ImageWork work,
        Action<ImageReport> print, CancellationToken cancellation)
    {
        options.Check(result); // before any image is touched
        var open = options.ReadEdit(result);
        var report = options.ReportTarget(result);
        var form = options.Form(result);
        var watch = Stopwatch.StartNew();
        var printed = new OrderedPrinter(print);
        using var sources = new ThreadLocal<OpenedSources?>(trackAllValues: true);
        report?.Begin(ReportTarget.Context());
        var batch = BatchRunner.Run(
            new BatchRequest(images, options.Jobs(result), (path, token) => work(
                path, open with { Trace = RunLog.For(path, images.Count == 1) }, sources.Value ??= OpenedSources.Open(rules), token))
            {
                FailFast = options.FailFast(result),
                KeepsReports = form == ResultForm.Document || report is { NeedsAll: true },
                Finished = (index, one) =>
                {
                    Output.HasChanged |= one.UndoFile is not null || one.OutputFile is not null || one.Changes is { BytesWritten: > 0 };
                    if (form == ResultForm.Lines)
                    {
                        Output.HasDocument = true;
                        Console.Out.WriteLine(ReportJson.SerializeLine(Document(command, [one])));
                    }
                    else if (form == ResultForm.Text)
                    {
                        printed.Add(index, one);
                    }

                    report?.Add(Document(command, [one]));
                },
            },
            cancellation);
        foreach (var source in sources.Values)
        {
            source?.Dispose();
        }

        if (form == ResultForm.Document)
        {
            Output.HasDocument = true;
            Console.Out.WriteLine(ReportJson.Serialize(Document(command, batch.Reports)));
        }
        else if (form == ResultForm.Text && images.Count != 1)
        {
            BatchSummary.Print(batch.Reports, watch.Elapsed);
        }

        // Written last, so that the result is on stdout even if writing the file fails.
        return report is null ? batch.ExitCode : WriteReport(report, Document(command, batch.Reports), batch.ExitCode);
    }

    private static ReportDocument Document(string command, IReadOnlyList<ImageReport> reports) =>
        new(ReportDocument.CurrentSchema, Tool.Identity, command, reports);

    private static int WriteReport(ReportTarget report, ReportDocument document, int exitCode)
    {
        try
        {
            report.Complete(document);
            return exitCode;
        }
        catch (HostIOException e) when (Output.HasChanged)
        {
            Output.Message(e.Message);
            Output.Remedy("The command has done its work, and what it changed stays changed; only the report is missing.");
            return ExitCode.ResultLost;
        }
    }

    /// <summary>Prints reports in the order of the command line, each as soon as those before it are printed.</summary>
    private sealed class OrderedPrinter(Action<ImageReport> print)
    {
        private readonly Dictionary<int, ImageReport> _waiting = [];
        private int _next;

        public void Add(int index, ImageReport report)
        {
            _waiting.Add(index, report);
            while (_waiting.Remove(_next, out var one))
            {
                print(one);
                _next++;
            }
        }
    }
}

/// <summary>How results are printed.</summary>
internal enum ResultForm
{
    /// <summary>Text for people.</summary>
    Text,

    /// <summary>One JSON document at the end.</summary>
    Document,

    /// <summary>One JSON object a line, as each image is finished.</summary>
    Lines,
}
