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
            Console.Error.WriteLine($"offlinepatch: {twice} is given twice");
            return ExitCode.Usage;
        }

        var batch = BatchRunner.Run(images, options.Jobs(result), job, cancellation);
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
        if (options.ReportPath(result) is { } path)
        {
            HostPaths.WriteText(path, ReportFile.Render(document, path));
        }

        return batch.ExitCode;
    }
}
