using System.CommandLine;
using OfflinePatch.Cli.Batch;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Commands;

/// <summary>What <c>fix</c>, <c>check</c> and <c>inspect</c> have in common: run over images, then print tables or one document.</summary>
internal static class ImagesCommand
{
    public static int Run(
        string command, string[] images, RequestOptions options, ParseResult result,
        Func<string, CancellationToken, ImageReport> job, Action<ImageReport> print, CancellationToken cancellation)
    {
        if (ImagePaths.FirstDuplicate(images) is { } twice)
        {
            throw new UsageException($"{twice} is given twice");
        }

        options.Check(result); // before any image is touched
        var reportPath = options.ReportPath(result);
        var batch = BatchRunner.Run(images, options.Jobs(result), job, cancellation);
        Output.HasChanged = batch.Reports.Any(r => r.UndoFile is not null || r.OutputFile is not null || r.Changes is { BytesWritten: > 0 });
        var document = new ReportDocument(ReportDocument.CurrentSchema, Tool.Identity, command, batch.Reports);
        if (options.WantsJson(result))
        {
            Console.Out.WriteLine(ReportJson.Serialize(document));
        }
        else
        {
            foreach (var report in batch.Reports)
            {
                print(report);
            }
        }

        // Last: whatever becomes of the file, the result of the work stands on stdout.
        return reportPath is null ? batch.ExitCode : WriteReport(reportPath, document, batch.ExitCode);
    }

    private static int WriteReport(string path, ReportDocument document, int exitCode)
    {
        try
        {
            HostPaths.WriteText(path, ReportFile.Render(document, path));
            return exitCode;
        }
        catch (HostIOException e) when (Output.HasChanged)
        {
            Output.Message(e.Message);
            Output.Remedy("The command has done its work, and what it changed stays changed; only the report is missing.");
            return ExitCode.ResultLost;
        }
    }
}
