using OfflinePatch.Cli.Documents;
using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Rendering;

/// <summary>
/// Where <c>--report</c> of <c>witness</c> goes: one file, by the ending of its name, or a directory for page and document.
/// </summary>
/// <param name="path">What was named.</param>
internal sealed class WitnessReportTarget(string path)
{
    private readonly ReportTarget _target = new(path);

    /// <summary>Requires that it can be written, before any work.</summary>
    /// <exception cref="UsageException">Its name does not say what to write, or its folder is missing.</exception>
    /// <exception cref="HostIOException">The host refuses.</exception>
    public void Check() => _target.Check();

    /// <summary>Writes it.</summary>
    /// <exception cref="HostIOException">The host refuses.</exception>
    public void Write(WitnessDocument document, ReportContext context)
    {
        var isJson = Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase);
        if (_target.IsFolder || isJson)
        {
            HostPaths.WriteText(_target.IsFolder ? Path.Combine(path, "witness.json") : path, DocumentJson.Text(document) + "\n");
        }

        if (_target.IsFolder || !isJson)
        {
            HostPaths.WriteText(_target.IsFolder ? Path.Combine(path, ReportTarget.IndexName) : path,
                HtmlWitnessReport.Render(document.Tool, document.Images, context));
        }
    }
}
