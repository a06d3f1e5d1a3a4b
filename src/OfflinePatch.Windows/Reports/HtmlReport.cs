using System.Globalization;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Reports;

/// <summary>
/// A report as one HTML page that needs nothing else: no script, no font, no request. Written for the person whose machine it is: the
/// verdict first, then what is left to do, the disk drawn to scale, and what was changed. Follows the reader's dark or light setting.
/// </summary>
public static class HtmlReport
{
    private const int OpenRows = 25;
    private const int MaximumRows = 500; // a staged agent has thousands of files: listing their folders is enough

    /// <summary>The page.</summary>
    /// <param name="document">The images.</param>
    /// <param name="context">When, where and how it was made; or null.</param>
    public static string Render(ReportDocument document, ReportContext? context = null)
    {
        var html = Begin(Title(document));
        if (document.Images.Count > 1)
        {
            AppendOverview(html, document, (_, number) => $"#image-{number}");
        }

        for (var i = 0; i < document.Images.Count; i++)
        {
            AppendImage(html, document, document.Images[i], i + 1);
        }

        return End(html, document.Tool, context);
    }

    /// <summary>The list of images, each with a link to its own page.</summary>
    /// <param name="document">The images.</param>
    /// <param name="link">The address of the page of an image; null where it has none.</param>
    /// <param name="context">When, where and how it was made; or null.</param>
    public static string RenderIndex(ReportDocument document, Func<ImageReport, string?> link, ReportContext? context = null)
    {
        var html = Begin(Title(document));
        AppendOverview(html, document, (image, _) => link(image) is { } name ? Uri.EscapeDataString(name) : null);
        return End(html, document.Tool, context);
    }

    internal static StringBuilder Begin(string title, bool hasPictures = false)
    {
        var html = new StringBuilder(64 * 1024);
        return html.Append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" "
                + "content=\"light dark\">\n")
            .Append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'")
            .Append(hasPictures ? "; img-src data:" : "").Append("\">\n")
            .Append("<meta name=\"referrer\" content=\"no-referrer\">\n")
            .Append("<title>").Append(Text(title)).Append("</title>\n<style>\n").Append(HtmlStyle.Css)
            .Append("</style>\n</head>\n<body>\n<main>\n");
    }

    internal static string End(StringBuilder html, ToolIdentity tool, ReportContext? context)
    {
        html.Append("<footer><p>").Append(Text($"{tool.Name} {tool.Version}"));
        if (context is not null)
        {
            html.Append(Text(string.Create(CultureInfo.InvariantCulture, $", {context.Time:yyyy-MM-dd HH:mm} UTC, on {context.Host}")))
                .Append("</p>\n<p><code>")
                .Append(Text(context.Command)).Append("</code>");
        }

        return html.Append("</p></footer>\n</main>\n</body>\n</html>\n").ToString();
    }

    internal static string Text(string? text) => HtmlText.Plain(text);

    private static string Title(ReportDocument document) => document.Images.Count == 1
        ? $"{Verdict(document, document.Images[0]).Headline} {FileName(document.Images[0].Path)}"
        : $"{document.Images.Count} disk images";

    private static void AppendOverview(StringBuilder html, ReportDocument document, Func<ImageReport, int, string?> link)
    {
        var verdicts = document.Images.Select(i => Verdict(document, i)).ToList();
        html.Append("<header class=\"batch\">\n<h1>").Append(Text(Count(document.Images.Count, "disk image"))).Append("</h1>\n<p>")
            .Append(string.Join(", ",
                verdicts.GroupBy(v => (v.Word, v.Style))
                    .Select(g => $"{g.Count()} <span class=\"badge {g.Key.Style}\">{Text(g.Key.Word)}</span>")))
            .Append("</p>\n</header>\n<div class=\"scroll\"><table "
                + "class=\"images\">\n<tr><th>Image</th><th>Machine</th><th>Result</th><th class=\"number\">Failed</th>")
            .Append("<th class=\"number\">Warnings</th><th>Windows</th></tr>\n");
        for (var i = 0; i < document.Images.Count; i++)
        {
            var image = document.Images[i];
            var name = Text(FileName(image.Path));
            html.Append("<tr><td>").Append(link(image, i + 1) is { } address ? $"<a href=\"{Text(address)}\">{name}</a>" : name)
                .Append("</td><td>").Append(Text(image.Windows?.ComputerName)).Append("</td><td><span class=\"badge ")
                .Append(verdicts[i].Style)
                .Append("\">").Append(Text(verdicts[i].Word)).Append("</span></td><td class=\"number\">")
                .Append(Open(image, RuleSeverity.Error)).Append("</td><td class=\"number\">")
                .Append(Open(image, RuleSeverity.Warning)).Append("</td><td>").Append(Text(image.Windows?.ProductName))
                .Append("</td></tr>\n");
        }

        html.Append("</table></div>\n");
    }

    private static string Open(ImageReport image, RuleSeverity severity) =>
        image.Rules.Count(r => r.State == RuleState.Failed && r.Severity == severity) is > 0 and var count ? $"{count}" : "";

    private static void AppendImage(StringBuilder html, ReportDocument document, ImageReport image, int number)
    {
        var verdict = Verdict(document, image);
        html.Append($"<article id=\"image-{number}\">\n<header class=\"verdict ").Append(verdict.Style)
            .Append("\">\n<p class=\"mark\" aria-hidden=\"true\">")
            .Append(verdict.Mark).Append("</p>\n<div>\n<h1>").Append(Text(verdict.Headline)).Append("</h1>\n<p>")
            .Append(Text(verdict.Sentence))
            .Append("</p>\n<p class=\"file\">").Append(Text(image.Path)).Append("</p>\n</div>\n</header>\n");
        AppendFacts(html, image);
        AppendError(html, image.Error);
        AppendFailed(html, image, "What you still have to do", r => r.Severity != RuleSeverity.Info);
        AppendFailed(html, image, "For your information", r => r.Severity == RuleSeverity.Info);
        AppendRegistration(html, image);
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
        Fact(html, image.OutputFile is null ? "Image" : "Source image",
            image.Format is null ? null : $"{image.Format.ToUpperInvariant()}{(image.Subformat is null ? "" : $" ({image.Subformat})")}");
        Fact(html, "Disk", image.VirtualSize is { } size ? ByteSize.Text(size) : null);
        Fact(html, "Target", image.Target);
        Fact(html, "Copy", image.OutputFile);
        Fact(html, "To undo", image.UndoFile is null ? null : $"offlinepatch undo {ShellText.Quote(image.Path)}");
        html.Append("</dl>\n");
    }

    internal static void Fact(StringBuilder html, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            html.Append("<div><dt>").Append(Text(name)).Append("</dt><dd>").Append(Text(value)).Append("</dd></div>\n");
        }
    }

    internal static void AppendError(StringBuilder html, ErrorReport? error)
    {
        if (error is not null)
        {
            html.Append("<section>\n<h2>What went wrong</h2>\n<div class=\"card bad\"><p><code>").Append(Text(error.Code))
                .Append("</code> ").Append(HtmlText.Rich(ICodedError.TextOf(error.Code, error.Message)))
                .Append("</p>");
            Remedy(html, error.Remedy);
            html.Append("</div>\n</section>\n");
        }
    }

    private static void AppendFailed(StringBuilder html, ImageReport image, string title, Func<RuleReport, bool> isListed)
    {
        var rules = image.Rules.Where(r => r.State == RuleState.Failed && isListed(r)).OrderByDescending(r => r.Severity).ToList();
        if (rules.Count == 0)
        {
            return;
        }

        html.Append("<section>\n<h2>").Append(title).Append("</h2>\n");
        foreach (var rule in rules)
        {
            var (word, style) = FailedWord(rule.Severity);
            var (heading, rest) = HtmlText.Split(rule.Message);
            html.Append("<div class=\"card ").Append(style).Append("\">\n<h3>")
                .Append(heading.Length > 0 ? HtmlText.Rich(heading) : Text($"Not met: {rule.Title ?? rule.Id}"))
                .Append(" <span class=\"badge ").Append(style).Append("\">").Append(word).Append("</span></h3>\n");
            if (rest.Length > 0)
            {
                html.Append("<p>").Append(HtmlText.Rich(rest)).Append("</p>");
            }

            Remedy(html, rule.Remedy);
            html.Append("<p class=\"id\">").Append(Text(rule.Id)).Append("</p>\n</div>\n");
        }

        html.Append("</section>\n");
    }

    /// <summary>The words of the terminal.</summary>
    private static (string Word, string Style) FailedWord(RuleSeverity severity) => severity switch
    {
        RuleSeverity.Error => ("failed", "bad"),
        RuleSeverity.Warning => ("warning", "warn"),
        _ => ("info", "mute"),
    };

    private static void AppendRegistration(StringBuilder html, ImageReport image)
    {
        if (image.Registration is not { Count: > 0 } properties
            || image.Result is not (ImageResult.Ready or ImageResult.WouldBeReady or ImageResult.Inspected))
        {
            return;
        }

        html.Append("<section>\n<h2>To register the image</h2>\n<dl class=\"facts\">\n");
        foreach (var (name, value) in properties)
        {
            Fact(html, name, value);
        }

        html.Append("</dl>\n</section>\n");
    }

    internal static void Remedy(StringBuilder html, string? remedy)
    {
        if (!string.IsNullOrEmpty(remedy))
        {
            html.Append("<p class=\"remedy\">").Append(HtmlText.Rich(remedy)).Append("</p>");
        }
    }

    private static void AppendDone(StringBuilder html, ImageReport image)
    {
        var done = image.Rules.Where(r => r.State is RuleState.Fixed or RuleState.WouldFix).ToList();
        if (done.Count == 0)
        {
            return;
        }

        html.Append("<section>\n<h2>")
            .Append(done.Exists(r => r.State == RuleState.WouldFix) ? "What would be changed" : "What was changed").Append("</h2>\n");
        foreach (var rule in done)
        {
            html.Append("<div class=\"card good\">\n<h3>").Append(Text(rule.Title ?? rule.Id)).Append("</h3>\n<p>")
                .Append(HtmlText.Rich(rule.Message)).Append("</p>\n");
            if (rule.Before is not null || rule.After is not null)
            {
                html.Append("<div class=\"change\"><div><span>before</span>").Append(Lines(rule.Before))
                    .Append("</div><div><span>after</span>")
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
            $"{Count(changes.FilesAdded, "file")} added, {Count(changes.FilesReplaced, "file")} replaced, "
                + $"{Count(changes.RegistryValues, "registry value")} changed"
            + (changes.BytesWritten > 0 ? $", {ByteSize.Text(changes.BytesWritten)} written." : "."))).Append("</p>\n");
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
                }).Append("</td><td class=\"number\">").Append(Text(ByteSize.Text(file.Length))).Append("</td></tr>\n");
            }

            html.Append("</table></div>").Append(More(changes.Files.Count)).Append("</details>\n");
        }

        html.Append("</section>\n");
    }

    /// <summary>A short list is open, a long one is a click away.</summary>
    private static string Details(int rows) => rows <= OpenRows ? "<details open>" : "<details>";

    private static string More(int count) =>
        count > MaximumRows ? $"<p>… and {count - MaximumRows} more (all in the JSON report).</p>" : "";

    private static void AppendChecks(StringBuilder html, ImageReport image)
    {
        if (image.Rules.Count == 0)
        {
            return;
        }

        html.Append("<section>\n<h2>Every check</h2>\n<div class=\"scroll\"><table "
            + "class=\"checks\">\n<tr><th>Result</th><th>Check</th><th>Finding</th></tr>\n");
        foreach (var rule in image.Rules)
        {
            var (word, style) = rule.State switch
            {
                RuleState.Ok => ("ok", "good"),
                RuleState.Fixed => ("fixed", "good"),
                RuleState.WouldFix => ("would fix", "info"),
                RuleState.Failed => FailedWord(rule.Severity),
                RuleState.Skipped => ("skipped", "mute"),
                _ => ("n/a", "mute"),
            };
            html.Append("<tr><td><span class=\"badge ").Append(style).Append("\">").Append(word).Append("</span></td><td>")
                .Append(Text(rule.Title ?? rule.Id))
                .Append("<br><span class=\"id\">").Append(Text(rule.Id)).Append("</span></td><td>").Append(HtmlText.Rich(rule.Message))
                .Append("</td></tr>\n");
        }

        html.Append("</table></div>\n");
        if (image.Notes.Count > 0)
        {
            html.Append("<ul>").Append(string.Concat(image.Notes.Select(n => $"<li>{HtmlText.Rich(n)}</li>"))).Append("</ul>\n");
        }

        html.Append("</section>\n");
    }

    private static (string Headline, string Sentence, string Word, string Style, string Mark) Verdict(ReportDocument document,
        ImageReport image)
    {
        var open = image.Rules.Count(r => r is { State: RuleState.Failed, Severity: RuleSeverity.Error });
        var advised = image.Rules.Count(r => r is { State: RuleState.Failed, Severity: RuleSeverity.Warning });
        var repaired = image.Rules.Count(r => r.State == RuleState.Fixed);
        var would = image.Rules.Count(r => r.State == RuleState.WouldFix);
        var left = image.Rules.Count(r => r.State == RuleState.Skipped);
        return image.Result switch
        {
            ImageResult.WouldBeReady =>
                ("Can be made ready.", $"{Count(would, "repair")} would be made; nothing was written.", "would be ready", "info", "→"),
            ImageResult.RulesPass when would > 0 => (
                "The chosen rules would pass.",
                $"{Count(would, "repair")} would be made; nothing was written. {Count(left, "check")} left out.", "rules would pass",
                "info", "→"),
            ImageResult.Inspected => ("What is in this image.", "Nothing was changed.", "read", "info", "i"),
            ImageResult.Ready or ImageResult.RulesPass => (
                image.Result == ImageResult.Ready ? "Ready for import." : "The chosen rules pass.",
                (repaired > 0 ? $"{Count(repaired, "repair")} made." : "Nothing had to be changed.")
                    + (advised > 0 ? $" {Count(advised, "warning")} below." : "")
                    + (left > 0 ? $" {Count(left, "check")} left out." : ""),
                image.Result == ImageResult.Ready ? "ready" : "rules pass", image.Result == ImageResult.Ready ? "good" : "info", "✓"),
            ImageResult.NotReady => (
                "Not ready yet.", $"{Count(open, "requirement")} still open{(repaired > 0 ? $", {Count(repaired, "repair")} made" : "")}.",
                "not ready", "bad", "!"),
            ImageResult.Skipped =>
                ("Passed over.", image.Notes.Count > 0 ? image.Notes[0] : "Nothing was done.", "passed over", "mute", "–"),
            ImageResult.Cancelled => ("Cancelled.", "The image was not changed.", "cancelled", "bad", "×"),
            ImageResult.Refused =>
                ("Refused; nothing was written.", "The image is in a state in which a change could do harm.", "refused", "bad", "×"),
            _ => ("Could not be handled.", "The image was not changed.", "error", "bad", "×"),
        };
    }

    private static string Count(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";

    private static string FileName(string path) => path[(path.LastIndexOfAny(['/', '\\']) + 1)..];
}
