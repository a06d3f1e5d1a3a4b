using System.Globalization;
using System.Text;

namespace OfflinePatch.Windows.Reports;

/// <summary>
/// The disk of a report, drawn to scale: one bar, gaps included, what is free in a partition paler, and a legend. Partitions too small to
/// see keep a minimum width.
/// </summary>
internal static class HtmlDiskMap
{
    private const long SmallestGap = 4L << 20; // alignment gaps are not interesting
    private const double SmallestLabel = 70; // thousandths of the bar that a name needs

    public static void Append(StringBuilder html, ImageReport image)
    {
        if (image.VirtualSize is not { } size || size <= 0 || image.Partitions.Count == 0)
        {
            return;
        }

        html
            .Append("<section>\n<h2>The disk</h2>\n<div class=\"map\"><svg class=\"disk\" viewBox=\"0 0 1000 56\" "
                + "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"")
            .Append(HtmlReport.Text($"{image.Partitions.Count} partitions on {ByteSize.Text(size)}, to scale")).Append("\">\n")
            .Append("<rect class=\"free\" x=\"0\" y=\"0\" width=\"1000\" height=\"56\"/>\n");
        var labels = new StringBuilder();
        foreach (var partition in image.Partitions)
        {
            var x = 1000.0 * partition.Offset / size;
            var width = Math.Min(Math.Max(1.5, 1000.0 * partition.Length / size), 1000 - Math.Min(x, 998.5));
            html
                .Append(string.Create(CultureInfo.InvariantCulture,
                    $"<rect class=\"{Style(partition)}\" x=\"{x:0.##}\" y=\"0\" width=\"{width:0.##}\" height=\"56\"><title>"))
                .Append(
                    HtmlReport.Text($"Partition {partition.Number}: {partition.FileSystem ?? partition.Type}, "
                        + $"{ByteSize.Text(partition.Length)}"))
                .Append("</title></rect>\n");
            if (partition.FreeBytes is { } free && partition.Length > 0 && width > 2)
            {
                var pale = width * Math.Clamp((double)free / partition.Length, 0, 1);
                html.Append(string.Create(CultureInfo.InvariantCulture,
                    $"<rect class=\"unused\" x=\"{x + width - pale:0.##}\" y=\"0\" width=\"{pale:0.##}\" height=\"56\"/>\n"));
            }

            if (width >= SmallestLabel)
            {
                labels
                    .Append(string.Create(CultureInfo.InvariantCulture,
                        $"<span style=\"left:{x / 10:0.##}%;width:{width / 10:0.##}%\"><b>"))
                    .Append(HtmlReport.Text(partition.Letter ?? $"{partition.Number}")).Append("</b> ")
                    .Append(HtmlReport.Text(Purpose(partition))).Append("</span>\n");
            }
        }

        html.Append("</svg>\n").Append(labels).Append("</div>\n<p class=\"scale\">");
        for (var quarter = 0; quarter <= 4; quarter++)
        {
            html.Append("<span>").Append(HtmlReport.Text(quarter == 0 ? "0" : ByteSize.Text(size / 4 * quarter))).Append("</span>");
        }

        html.Append("</p>\n<div class=\"scroll\"><table "
            + "class=\"legend\">\n<tr><th></th><th>Partition</th><th>Holds</th><th>Purpose</th><th class=\"number\">Size</th><th "
            + "class=\"number\">Free</th></tr>\n");
        long end = 0;
        foreach (var partition in image.Partitions.OrderBy(p => p.Offset))
        {
            Gap(html, end, partition.Offset);
            html.Append("<tr><td><i class=\"swatch ").Append(Style(partition)).Append("\"></i></td><td>").Append(partition.Number)
                .Append(partition.Letter is null ? "" : $" ({HtmlReport.Text(partition.Letter)})").Append(partition.Active ? " active" : "")
                .Append("</td><td>")
                .Append(HtmlReport.Text(partition.FileSystem ?? partition.Type))
                .Append(partition.Label is null ? "" : $" “{HtmlReport.Text(partition.Label)}”")
                .Append("</td><td>").Append(HtmlReport.Text(Purpose(partition))).Append("</td><td class=\"number\">")
                .Append(HtmlReport.Text(ByteSize.Text(partition.Length)))
                .Append("</td><td class=\"number\">").Append(partition.FreeBytes is { } free ? HtmlReport.Text(ByteSize.Text(free)) : "")
                .Append("</td></tr>\n");
            end = Math.Max(end, partition.Offset + partition.Length);
        }

        Gap(html, end, size);
        html.Append("</table></div>\n</section>\n");
    }

    private static void Gap(StringBuilder html, long from, long to)
    {
        if (to - from >= SmallestGap)
        {
            html.Append("<tr><td><i class=\"swatch free\"></i></td><td colspan=\"3\">not allocated</td><td class=\"number\">")
                .Append(HtmlReport.Text(ByteSize.Text(to - from))).Append("</td><td></td></tr>\n");
        }
    }

    private static string Style(PartitionReport partition) => partition.Role switch
    {
        { } role when role.StartsWith("windows", StringComparison.Ordinal) => "p-windows",
        "system" => "p-system",
        "recovery" => "p-recovery",
        "reserved" => "p-reserved",
        _ => partition.FileSystem == "BitLocker" ? "p-locked" : "p-data",
    };

    private static string Purpose(PartitionReport partition) => partition.Role switch
    {
        "windows" => "Windows",
        "windows, system" => "Windows and its boot files",
        "system" => "boot files",
        "recovery" => "recovery",
        "reserved" => "reserved by Microsoft",
        "other windows" => "another Windows",
        "data" => "data",
        _ => partition.Type,
    };
}
