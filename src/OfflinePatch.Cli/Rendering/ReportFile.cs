using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Rendering;

/// <summary>The content of <c>--report FILE</c>, by the ending of its name.</summary>
internal static class ReportFile
{
    /// <summary>Whether the ending of a name says what to write.</summary>
    public static bool IsKnown(string path) => Path.GetExtension(path).ToLowerInvariant() is ".json" or ".html" or ".htm";

    /// <summary>The content.</summary>
    public static string Render(ReportDocument document, string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".json" => ReportJson.Serialize(document) + "\n",
        ".html" or ".htm" => HtmlReport.Render(document),
        _ => throw new RefusedException("CLI-0003", $"A report cannot be written as {path}.", "Name a file that ends in .json or .html."),
    };
}
