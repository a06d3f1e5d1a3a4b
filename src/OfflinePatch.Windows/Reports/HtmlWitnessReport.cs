using System.Globalization;
using System.Text;

namespace OfflinePatch.Windows.Reports;

/// <summary>
/// The results of image starts, as one HTML page that needs nothing else: a matrix of images and buses, then each start with its evidence
/// and the picture of its screen.
/// </summary>
public static class HtmlWitnessReport
{
    /// <summary>The words of a result.</summary>
    public static string Word(WitnessResult result) => result switch
    {
        WitnessResult.Started => "started",
        WitnessResult.StopCode => "stop code",
        WitnessResult.LoaderOnly => "loader only",
        _ => "no sign",
    };

    /// <summary>The words of an image that was not started.</summary>
    public static string Word(WitnessOutcome result) => result switch
    {
        WitnessOutcome.Started => "started",
        WitnessOutcome.NotStarted => "not started",
        WitnessOutcome.Refused => "refused",
        WitnessOutcome.Cancelled => "cancelled",
        _ => "failed",
    };

    /// <summary>The page.</summary>
    /// <param name="tool">Who made it.</param>
    /// <param name="images">The images.</param>
    /// <param name="context">When, where and how it was made; or null.</param>
    public static string Render(ToolIdentity tool, IReadOnlyList<WitnessReport> images, ReportContext? context = null)
    {
        var title = images.Count == 1 ? $"Start of {images[0].Path}" : $"Start of {images.Count} disk images";
        var html = HtmlReport.Begin(title, hasPictures: true);
        html.Append("<header class=\"batch\">\n<h1>").Append(HtmlText.Plain(title)).Append("</h1>\n<p>Each was started by QEMU from a "
            + "throw-away overlay; the image itself was only read.</p>\n</header>\n");
        AppendMatrix(html, images);
        for (var i = 0; i < images.Count; i++)
        {
            AppendImage(html, images[i], i + 1);
        }

        return HtmlReport.End(html, tool, context);
    }

    private static void AppendMatrix(StringBuilder html, IReadOnlyList<WitnessReport> images)
    {
        var buses = images.SelectMany(i => i.Runs).Select(r => r.Bus).Distinct().ToList();
        html.Append("<div class=\"scroll\"><table class=\"images\">\n<tr><th>Image</th><th>Windows</th><th>Firmware</th>")
            .Append(string.Concat(buses.Select(b => $"<th>{HtmlText.Plain(b)}</th>"))).Append("</tr>\n");
        for (var i = 0; i < images.Count; i++)
        {
            var image = images[i];
            html.Append($"<tr><td><a href=\"#image-{i + 1}\">").Append(HtmlText.Plain(Path.GetFileName(image.Path))).Append("</a></td><td>")
                .Append(HtmlText.Plain(image.Windows?.ProductName)).Append("</td><td>").Append(HtmlText.Plain(image.Firmware))
                .Append("</td>");
            foreach (var bus in buses)
            {
                var run = image.Runs.FirstOrDefault(r => r.Bus == bus);
                html.Append("<td>").Append(run is null ? Badge("mute", Word(image.Result)) : Badge(Style(run.Result), Word(run.Result)))
                    .Append("</td>");
            }

            html.Append("</tr>\n");
        }

        html.Append("</table></div>\n");
    }

    private static void AppendImage(StringBuilder html, WitnessReport image, int number)
    {
        html.Append($"<article id=\"image-{number}\">\n<h2>").Append(HtmlText.Plain(image.Path)).Append("</h2>\n<dl class=\"facts\">\n");
        HtmlReport.Fact(html, "Windows",
            image.Windows is { } windows ? $"{windows.ProductName}, {windows.Arch}, build {windows.Build}" : null);
        HtmlReport.Fact(html, "Started by", image.Firmware?.ToUpperInvariant());
        HtmlReport.Fact(html, "Image", image.Format?.ToUpperInvariant());
        HtmlReport.Fact(html, "Script", image.Script);
        html.Append("</dl>\n");
        HtmlReport.AppendError(html, image.Error);
        foreach (var run in image.Runs)
        {
            AppendRun(html, run);
        }

        html.Append("</article>\n");
    }

    private static void AppendRun(StringBuilder html, WitnessRun run)
    {
        html.Append("<div class=\"card ").Append(Style(run.Result)).Append("\">\n<h3>").Append(HtmlText.Plain(run.Bus)).Append(' ')
            .Append(Badge(Style(run.Result), Word(run.Result))).Append("</h3>\n<p>").Append(HtmlText.Plain(run.Evidence))
            .Append("</p>\n<p>")
            .Append(HtmlText.Plain(string.Create(CultureInfo.InvariantCulture,
                $"After {run.Seconds:0} s: {ByteSize.Text(run.BytesRead)} read, {ByteSize.Text(run.BytesWritten)} written, "
                    + $"{run.Resets} resets; QEMU {run.Qemu}, {run.Accelerator}.")))
            .Append("</p>\n");
        if (run.Screenshot is { } picture)
        {
            html.Append("<p><img alt=\"The screen\" style=\"max-width:100%\" src=\"data:image/png;base64,")
                .Append(Convert.ToBase64String(picture)).Append("\"></p>\n");
        }

        AppendText(html, "Text on the screen", run.ScreenText);
        AppendText(html, "First serial port", run.Serial);
        html.Append("</div>\n");
    }

    private static void AppendText(StringBuilder html, string title, string? text)
    {
        if (text is not null)
        {
            html.Append("<details><summary>").Append(title).Append("</summary><pre>")
                .Append(string.Join('\n', text.Split('\n').Select(HtmlText.Plain))).Append("</pre></details>\n");
        }
    }

    private static string Badge(string style, string word) => $"<span class=\"badge {style}\">{HtmlText.Plain(word)}</span>";

    private static string Style(WitnessResult result) => result switch
    {
        WitnessResult.Started => "good",
        WitnessResult.NoSign => "mute",
        WitnessResult.LoaderOnly => "warn",
        _ => "bad",
    };
}
