using System.CommandLine;
using System.Text;
using System.Text.Json;
using OfflinePatch.Cli.Batch;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>report merge FILE...</c>: joins what several runs printed, those of a cluster's tasks for example.</summary>
internal static class ReportCommand
{
    /// <summary>What help and manual say of <c>report merge</c>.</summary>
    public static CommandGuide MergeGuide => new(
        """
        Joins the results of several runs, for example of the tasks of a cluster. Of an image that was worked on more than once the last
        result counts, in the order of the files; a last line that was cut short by a kill is left out. The exit code is that of the
        worst image.
        """,
        [new("What was the result of the whole array job?", "offlinepatch report merge results/*.jsonl"),
            new("As one document, and as pages:", "offlinepatch report merge results/ --json --report pages/ > all.json")],
        [new(ExitCode.Done, "every image is ready"), Usage,
            new(ExitCode.Unreadable, "a file is not a result, or an image could not be read"), NotReady,
            new(ExitCode.Refused, "an image was refused"), HostFailure])
    {
        SeeAlso = ["fix"],
    };

    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Works on the results that fix, check and inspect print with --json or --json-lines.
        """,
        [new("One page for each image of all tasks:", "offlinepatch report merge results/ --report pages/")],
        [new(ExitCode.Done, "done"), Usage, Unreadable, NotReady, Refused, HostFailure])
    {
        SeeAlso = ["fix", "check"],
    };

    private const int Limit = 1024 * 1024 * 1024;

    public static Command Create() => new("report", "Works on the JSON that fix, check and inspect print.") { CreateMerge() };

    private static Command CreateMerge()
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "Files that --json or --json-lines printed; a directory stands for its .json and .jsonl files.",
            Arity = ArgumentArity.OneOrMore,
        };
        var report = new Option<string?>("--report")
        {
            Description = "Also write the result to PATH: .json, one page as .html, or a directory (ends in /) with a page for each "
                + "image and an index.",
            HelpName = "PATH",
        };
        var command = new Command("merge",
            "Joins the results of several runs into one; of an image that was worked on more than once the last result counts.")
        { files, report };
        command.SetGuardedAction((result, cancellation) =>
        {
            var target = result.GetValue(report) is { } path ? new ReportTarget(path) : null;
            target?.Check();
            target?.Begin(ReportTarget.Context());
            var images = new Dictionary<string, ImageReport>(StringComparer.Ordinal);
            foreach (var file in result.GetRequiredValue(files).SelectMany(Expand))
            {
                cancellation.ThrowIfCancellationRequested();
                foreach (var document in Read(file))
                {
                    foreach (var image in document.Images)
                    {
                        // What a restarted task skips was done by the one before it.
                        if (image.Result != ImageResult.Skipped || !images.ContainsKey(image.Path))
                        {
                            images[image.Path] = image;
                        }
                    }
                }
            }

            var merged = new ReportDocument(ReportDocument.CurrentSchema, Tool.Identity, CommandGuard.Command,
                [.. images.Values.OrderBy(i => i.Path, StringComparer.Ordinal)]);
            if (GlobalOptions.WantsJson(result))
            {
                Output.HasDocument = true;
                Console.Out.WriteLine(ReportJson.Serialize(merged));
            }
            else
            {
                BatchSummary.Print(merged.Images, TimeSpan.FromMilliseconds(merged.Images.Sum(i => i.ElapsedMs)));
            }

            foreach (var image in merged.Images)
            {
                target?.Add(merged with { Images = [image] });
            }

            target?.Complete(merged);
            return merged.Images.Select(i => BatchRunner.ExitCodeOf(i.Result)).DefaultIfEmpty(ExitCode.Done).Max();
        });
        return command;
    }

    private static IEnumerable<string> Expand(string path) => !HostPaths.IsDirectory(path) ? [path]
        : HostPaths.List(path).Where(e => !e.IsDirectory && Path.GetExtension(e.Name).ToLowerInvariant() is (".json" or ".jsonl"))
            .Select(e => Path.Combine(path, e.Name)).Order(StringComparer.Ordinal);

    /// <summary>
    /// The documents of a file: one, or one a line. The last line of a run that was killed may be cut short; it is left out, and that is
    /// said.
    /// </summary>
    private static List<ReportDocument> Read(string path)
    {
        var text = Encoding.UTF8.GetString(HostPaths.ReadSmallFile(path, Limit)).TrimStart('\uFEFF');
        if (TryParse(text) is { } whole)
        {
            return [whole];
        }

        var lines = text.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0).ToList();
        var documents = new List<ReportDocument>();
        for (var i = 0; i < lines.Count; i++)
        {
            if (TryParse(lines[i]) is { } document)
            {
                documents.Add(document);
            }
            else if (i == lines.Count - 1 && documents.Count > 0)
            {
                Output.Note($"{path}: the last line is cut short, and left out");
            }
            else
            {
                throw new UnsupportedImageException("CLI-0009", $"{path}, line {i + 1}: this is not a result of fix, check or inspect.",
                    "Name files that --json or --json-lines printed.");
            }
        }

        return documents;
    }

    private static ReportDocument? TryParse(string text)
    {
        try
        {
            return text.Length > 0 && ReportJson.Deserialize(text) is { Images: not null, Schema: ReportDocument.CurrentSchema } document
                ? document
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
