using System.Globalization;
using System.Net;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Reports;

/// <summary>
/// A report as one HTML page that needs nothing else: no script, no font, no request. Written for the person whose machine it is: the verdict first,
/// then what is left to do, the disk drawn to scale, and what was changed. Follows the reader's dark or light setting.
/// </summary>
public static class HtmlReport
{
    private const int OpenRows = 25;
    private const int MaximumRows = 500; // a staged agent has thousands of files: their folders tell enough

    /// <summary>The page.</summary>
    public static string Render(ReportDocument document)
    {
        var html = new StringBuilder(64 * 1024);
        html.Append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n")
            .Append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n")
            .Append("<meta name=\"referrer\" content=\"no-referrer\">\n")
            .Append("<title>").Append(Text(Title(document))).Append("</title>\n<style>\n").Append(HtmlStyle.Css).Append("</style>\n</head>\n<body>\n<main>\n");
        if (document.Images.Count > 1)
        {
            AppendOverview(html, document);
        }

        for (var i = 0; i < document.Images.Count; i++)
        {
            AppendImage(html, document, document.Images[i], i + 1);
        }

        html.Append("<footer>").Append(Text($"{document.Tool.Name} {document.Tool.Version}")).Append("</footer>\n</main>\n</body>\n</html>\n");
        return html.ToString();
    }

    internal static string Text(string? text) => WebUtility.HtmlEncode(PrintableText.Escape(text ?? ""));

    internal static string Size(long bytes) => bytes switch
    {
        >= 1L << 40 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 40):0.##} TiB"),
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.##} GiB"),
        >= 1L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0.#} MiB"),
        >= 1L << 10 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 10):0.#} KiB"),
        _ => $"{bytes} B",
    };

    private static string Title(ReportDocument document) => document.Images.Count == 1
        ? $"{Verdict(document, document.Images[0]).Headline} {FileName(document.Images[0].Path)}"
        : $"{document.Images.Count} disk images";

    private static void AppendOverview(StringBuilder html, ReportDocument document)
    {
        html.Append("<h1>").Append(document.Images.Count).Append(" disk images</h1>\n<div class=\"scroll\"><table>\n<tr><th>Image</th><th>Result</th><th>Windows</th></tr>\n");
        for (var i = 0; i < document.Images.Count; i++)
        {
            var image = document.Images[i];
            var verdict = Verdict(document, image);
            html.Append($"<tr><td><a href=\"#image-{i + 1}\">").Append(Text(FileName(image.Path))).Append("</a></td><td><span class=\"badge ").Append(verdict.Style)
                .Append("\">").Append(Text(verdict.Word)).Append("</span></td><td>").Append(Text(image.Windows?.ProductName ?? "")).Append("</td></tr>\n");
        }

        html.Append("</table></div>\n");
    }

    private static void AppendImage(StringBuilder html, ReportDocument document, ImageReport image, int number)
    {
        var verdict = Verdict(document, image);
        html.Append($"<article id=\"image-{number}\">\n<header class=\"verdict ").Append(verdict.Style).Append("\">\n<p class=\"mark\" aria-hidden=\"true\">")
            .Append(verdict.Mark).Append("</p>\n<div>\n<h1>").Append(Text(verdict.Headline)).Append("</h1>\n<p>").Append(Text(verdict.Sentence))
            .Append("</p>\n<p class=\"file\">").Append(Text(image.Path)).Append("</p>\n</div>\n</header>\n");
        AppendFacts(html, image);
        AppendError(html, image);
        AppendLeft(html, image);
        HtmlDiskMap.Append(html, image);
        AppendDone(html, image);
        AppendChanges(html, image);
        AppendChecks(html, image);
        html.Append("</article>\n");
    }

    private static void AppendFacts(StringBuilder html, ImageReport image)
    {
        html.Append("<dl class=\"facts\">\n");
        if (image.Windows is { } windows)
        {
            Fact(html, "Windows", $"{windows.ProductName ?? "unknown"}, {windows.Arch}, build {windows.Build}");
            Fact(html, "Machine", windows.ComputerName);
        }

        Fact(html, "Starts by", image.Firmware?.ToUpperInvariant());
        Fact(html, "Image", image.Format is null ? null : $"{image.Format.ToUpperInvariant()}{(image.Subformat is null ? "" : $" ({image.Subformat})")}");
        Fact(html, "Disk", image.VirtualSize is { } size ? Size(size) : null);
        Fact(html, "Target", image.Target);
        Fact(html, "Copy", image.OutputFile);
        Fact(html, "To undo", image.UndoFile is null ? null : $"offlinepatch undo {FileName(image.Path)}");
        html.Append("</dl>\n");
    }

    private static void Fact(StringBuilder html, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            html.Append("<div><dt>").Append(Text(name)).Append("</dt><dd>").Append(Text(value)).Append("</dd></div>\n");
        }
    }

    private static void AppendError(StringBuilder html, ImageReport image)
    {
        if (image.Error is { } error)
        {
            html.Append("<section>\n<h2>What went wrong</h2>\n<div class=\"card bad\"><p><code>").Append(Text(error.Code)).Append("</code> ").Append(Text(error.Message))
                .Append("</p>");
            Remedy(html, error.Remedy);
            html.Append("</div>\n</section>\n");
        }
    }

    private static void AppendLeft(StringBuilder html, ImageReport image)
    {
        var left = image.Rules.Where(r => r.State == RuleState.Failed).OrderByDescending(r => r.Severity).ToList();
        if (left.Count == 0)
        {
            return;
        }

        html.Append("<section>\n<h2>What you still have to do</h2>\n");
        foreach (var rule in left)
        {
            html.Append("<div class=\"card ").Append(rule.Severity == RuleSeverity.Error ? "bad" : "warn").Append("\">\n<h3>").Append(Text(rule.Title ?? rule.Id))
                .Append(" <span class=\"badge ").Append(rule.Severity == RuleSeverity.Error ? "bad" : "warn").Append("\">")
                .Append(rule.Severity == RuleSeverity.Error ? "required" : rule.Severity == RuleSeverity.Warning ? "advised" : "for information")
                .Append("</span></h3>\n<p>").Append(Text(rule.Message)).Append("</p>");
            Remedy(html, rule.Remedy);
            html.Append("<p class=\"id\">").Append(Text(rule.Id)).Append("</p>\n</div>\n");
        }

        html.Append("</section>\n");
    }

    private static void Remedy(StringBuilder html, string? remedy)
    {
        if (!string.IsNullOrEmpty(remedy))
        {
            html.Append("<p class=\"remedy\">").Append(Commands(remedy)).Append("</p>");
        }
    }

    /// <summary>Text whose `commands` stand in a fixed-width face.</summary>
    private static string Commands(string text)
    {
        var parts = text.Split('`');
        var html = new StringBuilder();
        for (var i = 0; i < parts.Length; i++)
        {
            html.Append(i % 2 == 1 && i < parts.Length - 1 ? $"<code>{Text(parts[i])}</code>" : Text(parts[i]));
        }

        return html.ToString();
    }

    private static void AppendDone(StringBuilder html, ImageReport image)
    {
        var done = image.Rules.Where(r => r.State is RuleState.Fixed or RuleState.WouldFix).ToList();
        if (done.Count == 0)
        {
            return;
        }

        html.Append("<section>\n<h2>").Append(done.Exists(r => r.State == RuleState.WouldFix) ? "What would be changed" : "What was changed").Append("</h2>\n");
        foreach (var rule in done)
        {
            html.Append("<div class=\"card good\">\n<h3>").Append(Text(rule.Title ?? rule.Id)).Append("</h3>\n<p>").Append(Text(rule.Message)).Append("</p>\n");
            if (rule.Before is not null || rule.After is not null)
            {
                html.Append("<div class=\"change\"><div><span>before</span>").Append(Lines(rule.Before)).Append("</div><div><span>after</span>")
                    .Append(Lines(rule.After)).Append("</div></div>\n");
            }

            html.Append("<p class=\"id\">").Append(Text(rule.Id)).Append("</p>\n</div>\n");
        }

        html.Append("</section>\n");
    }

    private static string Lines(string? text) =>
        text is null ? "<p>–</p>" : string.Concat(text.Split("; ").Select(line => $"<p>{Text(line)}</p>"));

    private static void AppendChanges(StringBuilder html, ImageReport image)
    {
        if (image.Changes is not { } changes || changes.Registry.Count + changes.Files.Count == 0)
        {
            return;
        }

        html.Append("<section>\n<h2>Every change</h2>\n<p>").Append(Text(
            $"{Count(changes.FilesAdded, "file")} added, {Count(changes.FilesReplaced, "file")} replaced, {Count(changes.RegistryValues, "registry value")} changed"
            + (changes.BytesWritten > 0 ? $", {Size(changes.BytesWritten)} written." : "."))).Append("</p>\n");
        if (changes.Registry.Count > 0)
        {
            html.Append(Details(changes.Registry.Count)).Append("<summary>Registry (").Append(changes.Registry.Count)
                .Append(")</summary>\n<div class=\"scroll\"><table>\n<tr><th>Value</th><th>Before</th><th>After</th></tr>\n");
            foreach (var key in changes.Registry.Take(MaximumRows).GroupBy(c => c.Key, StringComparer.OrdinalIgnoreCase))
            {
                html.Append("<tr class=\"key\"><td colspan=\"3\"><code>").Append(Text(key.Key)).Append("</code></td></tr>\n");
                foreach (var change in key)
                {
                    html.Append("<tr><td>").Append(Text(change.Name.Length == 0 ? "(default)" : change.Name)).Append("</td><td>")
                        .Append(change.Before is null ? "<i>absent</i>" : Text(change.Before)).Append("</td><td>")
                        .Append(change.After is null ? "<i>deleted</i>" : Text(change.After)).Append("</td></tr>\n");
                }
            }

            html.Append("</table></div>").Append(More(changes.Registry.Count)).Append("</details>\n");
        }

        if (changes.Files.Count > 0)
        {
            html.Append(Details(changes.Files.Count)).Append("<summary>Files (").Append(changes.Files.Count)
                .Append(")</summary>\n<div class=\"scroll\"><table>\n<tr><th>File</th><th>What</th><th class=\"number\">Size</th></tr>\n");
            foreach (var file in changes.Files.Take(MaximumRows))
            {
                html.Append("<tr><td><code>").Append(Text(file.Path)).Append("</code>").Append("</td><td>").Append(file.Kind switch
                {
                    FileChangeKind.Added => "added",
                    FileChangeKind.Replaced => "replaced",
                    _ => "deleted",
                }).Append("</td><td class=\"number\">").Append(Text(Size(file.Length))).Append("</td></tr>\n");
            }

            html.Append("</table></div>").Append(More(changes.Files.Count)).Append("</details>\n");
        }

        html.Append("</section>\n");
    }

    /// <summary>A short list is open, a long one is a click away.</summary>
    private static string Details(int rows) => rows <= OpenRows ? "<details open>" : "<details>";

    private static string More(int count) => count > MaximumRows ? $"<p>… and {count - MaximumRows} more (all in the JSON report).</p>" : "";

    private static void AppendChecks(StringBuilder html, ImageReport image)
    {
        if (image.Rules.Count == 0)
        {
            return;
        }

        html.Append("<section>\n<h2>Every check</h2>\n<div class=\"scroll\"><table class=\"checks\">\n<tr><th>Result</th><th>Check</th><th>Finding</th></tr>\n");
        foreach (var rule in image.Rules)
        {
            var (word, style) = rule.State switch
            {
                RuleState.Ok => ("ok", "good"),
                RuleState.Fixed => ("fixed", "good"),
                RuleState.WouldFix => ("would fix", "info"),
                RuleState.Failed => (rule.Severity == RuleSeverity.Error ? "failed" : "note", rule.Severity == RuleSeverity.Error ? "bad" : "warn"),
                RuleState.Skipped => ("skipped", "mute"),
                _ => ("n/a", "mute"),
            };
            html.Append("<tr><td><span class=\"badge ").Append(style).Append("\">").Append(word).Append("</span></td><td>").Append(Text(rule.Title ?? rule.Id))
                .Append("<br><span class=\"id\">").Append(Text(rule.Id)).Append("</span></td><td>").Append(Text(rule.Message)).Append("</td></tr>\n");
        }

        html.Append("</table></div>\n");
        if (image.Notes.Count > 0)
        {
            html.Append("<ul>").Append(string.Concat(image.Notes.Select(n => $"<li>{Text(n)}</li>"))).Append("</ul>\n");
        }

        html.Append("</section>\n");
    }

    private static (string Headline, string Sentence, string Word, string Style, string Mark) Verdict(ReportDocument document, ImageReport image)
    {
        var open = image.Rules.Count(r => r is { State: RuleState.Failed, Severity: RuleSeverity.Error });
        var advised = image.Rules.Count(r => r is { State: RuleState.Failed, Severity: not RuleSeverity.Error });
        var repaired = image.Rules.Count(r => r.State == RuleState.Fixed);
        var would = image.Rules.Count(r => r.State == RuleState.WouldFix);
        var left = image.Rules.Count(r => r.State == RuleState.Skipped);
        return image.Result switch
        {
            ImageResult.WouldBeReady => ("Can be made ready.", $"{Count(would, "repair")} would be made; nothing was written.", "would be ready", "info", "→"),
            ImageResult.RulesPass when would > 0 => (
                "The chosen rules would pass.", $"{Count(would, "repair")} would be made; nothing was written. {Count(left, "check")} left out.", "rules would pass", "info", "→"),
            ImageResult.Inspected => ("What is in this image.", "Nothing was changed.", "read", "info", "i"),
            ImageResult.Ready or ImageResult.RulesPass => (
                image.Result == ImageResult.Ready ? "Ready for import." : "The chosen rules pass.",
                (repaired > 0 ? $"{Count(repaired, "repair")} made." : "Nothing had to be changed.") + (advised > 0 ? $" {Count(advised, "piece")} of advice below." : "")
                    + (left > 0 ? $" {Count(left, "check")} left out." : ""),
                image.Result == ImageResult.Ready ? "ready" : "rules pass", image.Result == ImageResult.Ready ? "good" : "info", "✓"),
            ImageResult.NotReady => (
                "Not ready yet.", $"{Count(open, "requirement")} still open{(repaired > 0 ? $", {Count(repaired, "repair")} made" : "")}.", "not ready", "bad", "!"),
            ImageResult.Refused => ("Refused; nothing was written.", "The image is in a state in which a change could do harm.", "refused", "bad", "×"),
            _ => ("Could not be handled.", "The image was not changed.", "error", "bad", "×"),
        };
    }

    private static string Count(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";

    private static string FileName(string path) => path[(path.LastIndexOfAny(['/', '\\']) + 1)..];
}
