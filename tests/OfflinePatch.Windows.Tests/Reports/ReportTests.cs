using System.Buffers.Binary;
using System.IO.Compression;
using System.Text.Json;
using System.Text.RegularExpressions;
using OfflinePatch.Testing;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Tests.Reports;

[Trait("tier", "unit")]
public sealed partial class ReportTests
{
    [Fact]
    public void The_JSON_has_the_words_of_the_contract()
    {
        using var json = JsonDocument.Parse(ReportJson.Serialize(SampleReport.Create()));
        var image = json.RootElement.GetProperty("images")[0];
        Assert.Equal(1, json.RootElement.GetProperty("schema").GetInt32());
        Assert.Equal("offlinepatch", json.RootElement.GetProperty("tool").GetProperty("name").GetString());
        Assert.Equal("notReady", image.GetProperty("result").GetString());
        Assert.Equal("uefi", image.GetProperty("firmware").GetString());
        Assert.Equal("Windows Server 2019 Datacenter", image.GetProperty("windows").GetProperty("productName").GetString());
        Assert.Equal(["version", "build", "arch", "installationType", "controlSet", "systemRoot"],
            image.GetProperty("windows").EnumerateObject().Select(p => p.Name)
                .Where(n => n is not ("productName" or "edition" or "computerName" or "partition")));
        Assert.Equal(["ok", "fixed", "failed", "failed", "notApplicable"],
            image.GetProperty("rules").EnumerateArray().Select(r => r.GetProperty("state").GetString()!));
        Assert.Equal(["error", "error", "error", "warning", "warning"],
            image.GetProperty("rules").EnumerateArray().Select(r => r.GetProperty("severity").GetString()!));
        Assert.Equal(3, image.GetProperty("changes").GetProperty("registryValues").GetInt32());
        Assert.Equal(2, image.GetProperty("changes").GetProperty("filesAdded").GetInt32());
        Assert.False(image.TryGetProperty("error", out _));
        Assert.Equal(812, image.GetProperty("elapsedMs").GetInt32());
    }

    [Fact]
    public void The_JSON_can_be_read_back()
    {
        var text = ReportJson.Serialize(SampleReport.Create());
        Assert.Equal(text, ReportJson.Serialize(ReportJson.Deserialize(text)!));
    }

    [Theory]
    [InlineData(ImageResult.Ready)]
    [InlineData(ImageResult.NotReady)]
    [InlineData(ImageResult.Refused)]
    [InlineData(ImageResult.Error)]
    public void The_page_asks_for_nothing_outside_itself_and_escapes_names(ImageResult result)
    {
        var html = HtmlReport.Render(SampleReport.Create(result));
        Assert.DoesNotMatch(ExternalReference(), html);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;", html, StringComparison.Ordinal);
        Assert.Contains("Windows &amp; more", html, StringComparison.Ordinal);
        Assert.True(html.IndexOf("class=\"verdict", StringComparison.Ordinal) < html.IndexOf("What was changed", StringComparison.Ordinal));
        foreach (var tag in new[] { "section", "div", "table", "tr", "td", "svg", "details", "article", "dl", "p" })
        {
            Assert.Equal(Regex.Count(html, $"<{tag}[ >]"), Regex.Count(html, $"</{tag}>"));
        }
    }

    [Fact]
    public void Partitions_are_drawn_to_scale()
    {
        var html = HtmlReport.Render(SampleReport.Create());
        Assert.Contains("<rect class=\"p-windows\" x=\"1.9\" y=\"0\" width=\"750\"", html, StringComparison.Ordinal);
        Assert.Contains("<rect class=\"p-data\" x=\"751.9\" y=\"0\" width=\"166.67\"", html, StringComparison.Ordinal);
        Assert.Contains("not allocated", html, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [Trait("tier", "oracle")]
    [InlineData("light", 1280)]
    [InlineData("dark", 1280)]
    [InlineData("light", 500)]
    public void A_real_browser_renders_the_page_without_a_request(string scheme, int width)
    {
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch["report.html"], HtmlReport.Render(SampleReport.Create(), Context));
        var run = Browse(scratch, "report.html",
        [
            $"--window-size={width},1800", $"--screenshot={scratch["page.png"]}",
            .. scheme == "dark"
                ? new[] { "--force-dark-mode", "--blink-settings=preferredColorScheme=0" }
                : ["--blink-settings=preferredColorScheme=1"],
        ]);

        // what the browser itself says on a host without network, or on a busy one, is not about the page
        Assert.DoesNotContain(run.Error.Split('\n'), line => line.Contains("CONSOLE", StringComparison.Ordinal)
            && !line.Contains("Slow network is detected", StringComparison.Ordinal));
        var picture = File.ReadAllBytes(scratch["page.png"]);
        Assert.True(picture.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G']));
        Assert.True(picture.Length > 20_000, "the page is empty");
        Assert.Equal(scheme == "dark" ? "12161C" : "F6F7F9", FirstPixel(picture)); // the page's own background in either palette
        if (Environment.GetEnvironmentVariable("OFFLINEPATCH_SCREENSHOTS") is { Length: > 0 } keep)
        {
            File.Copy(scratch["page.png"], Path.Combine(keep, $"report-{scheme}-{width}.png"), overwrite: true);
        }
    }

    [SkippableTheory]
    [Trait("tier", "oracle")]
    [InlineData(390, false)]
    [InlineData(1280, false)]
    [InlineData(390, true)]
    [InlineData(1280, true)]
    public void The_page_fits_a_telephone_and_a_screen(int width, bool isBatch)
    {
        using var scratch = new ScratchFolder();
        var one = SampleReport.Create();
        var document = isBatch ? one with
        {
            Images = [one.Images[0], one.Images[0] with { Path = "/images/second.vmdk", Result = ImageResult.Ready }],
        } : one;
        File.WriteAllText(scratch["report.html"], HtmlReport.Render(document, Context));
        File.WriteAllText(scratch["frame.html"], $$"""
            <!doctype html><body><iframe id="f" src="report.html" style="border:0;width:{{width}}px;height:4000px"></iframe><script>
            document.getElementById('f').onload = e => {
              const d = e.target.contentDocument;
              const rows = [...d.querySelectorAll('.legend tr')].map(r => r.getBoundingClientRect().height);
              const list = d.querySelector('.images');
              const bottom = (list || d.body).getBoundingClientRect().bottom;
              const gaps = [...d.querySelectorAll('.verdict')].map(v => v.getBoundingClientRect().top - bottom);
              const narrow = x => x.getBoundingClientRect().width > 0 && x.getBoundingClientRect().width < 24;
              document.title = JSON.stringify({ page: d.documentElement.scrollWidth, row: Math.max(0, ...rows),
                gap: list ? Math.min(...gaps) : 99,
                words: [...d.querySelectorAll('h1, h2, h3, td, dd')].filter(x => x.innerText.trim().length > 3 && narrow(x)).length });
            };
            </script>
            """);
        var dom = Browse(scratch, "frame.html",
            [$"--window-size={Math.Max(width, 600)},4100", "--allow-file-access-from-files", "--virtual-time-budget=5000",
                "--dump-dom"]).Output;
        var title = Regex.Match(dom, "<title>(?<json>.*?)</title>", RegexOptions.ExplicitCapture);
        Assert.True(title.Success, dom[..Math.Min(dom.Length, 2000)]);
        using var facts = JsonDocument.Parse(System.Net.WebUtility.HtmlDecode(title.Groups["json"].Value));
        Assert.True(facts.RootElement.GetProperty("page").GetInt32() <= width, $"the page is {facts.RootElement} wide on {width}");
        Assert.True(facts.RootElement.GetProperty("row").GetDouble() < 60, $"a row of the partition table is broken: {facts.RootElement}");
        Assert.True(facts.RootElement.GetProperty("gap").GetDouble() >= 16, $"the list touches the verdict: {facts.RootElement}");
        Assert.Equal(0, facts.RootElement.GetProperty("words").GetInt32());
    }

    [Fact]
    public void Headings_say_the_finding_and_what_is_only_information_is_no_work()
    {
        var html = HtmlReport.Render(Sample(
            new RuleReport("boot.loader", RuleSeverity.Error, RuleState.Failed,
                "The master boot record has no boot code. Without it nothing starts.",
                "Run `bcdboot C:\\Windows`, see https://example.com/boot.", Title: "The firmware finds the boot loader"),
            new RuleReport("drivers.xen-pv", RuleSeverity.Info, RuleState.Failed, "There are no Xen PV drivers.", Title: "Xen PV drivers"),
            new RuleReport("accounts.password", RuleSeverity.Warning, RuleState.Failed, "Administrator has no password.",
                Title: "Passwords")));
        Assert.Contains("<h3>The master boot record has no boot code <span class=\"badge bad\">failed</span></h3>", html,
            StringComparison.Ordinal);
        Assert.DoesNotContain("<h3>The firmware finds the boot loader", html, StringComparison.Ordinal);
        Assert.Contains("<code>bcdboot C:\\Windows</code>", html, StringComparison.Ordinal);
        Assert.Contains("<a href=\"https://example.com/boot\" rel=\"noreferrer noopener\">https://example.com/boot</a>.", html,
            StringComparison.Ordinal);
        var work = html.IndexOf("What you still have to do", StringComparison.Ordinal);
        var information = html.IndexOf("For your information", StringComparison.Ordinal);
        Assert.True(work > 0 && work < information);
        Assert.True(html.IndexOf("There are no Xen PV drivers", StringComparison.Ordinal) > information);
        Assert.Contains("<span class=\"badge warn\">warning</span>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("advised", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_says_when_where_and_how_it_was_made_and_an_index_links_the_pages()
    {
        var report = SampleReport.Create();
        var html = HtmlReport.Render(report, Context);
        Assert.Contains("2026-11-29 18:30 UTC, on build7", html, StringComparison.Ordinal);
        Assert.Contains("<code>offlinepatch fix &#39;a b.vmdk&#39;</code>", html, StringComparison.Ordinal);
        var index = HtmlReport.RenderIndex(report, _ => "web server.html", Context);
        Assert.Contains("<a href=\"web%20server.html\">", index, StringComparison.Ordinal);
        Assert.Contains("1 disk image", index, StringComparison.Ordinal);
    }

    private static ReportContext Context { get; } = new(new DateTimeOffset(2026, 11, 29, 18, 30, 0, TimeSpan.Zero), "build7",
        "offlinepatch fix 'a b.vmdk'");

    private static ReportDocument Sample(params RuleReport[] rules)
    {
        var report = SampleReport.Create();
        return report with { Images = [report.Images[0] with { Rules = rules }] };
    }

    private static OracleResult Browse(ScratchFolder scratch, string page, string[] options)
    {
        var browser = new[] { "chromium", "chromium-browser", "google-chrome", "headless_shell" }
            .FirstOrDefault(b => Oracle.Locate(b) is not null);
        Skip.If(browser is null, "no Chromium is installed");
        return Oracle.RunIn(scratch.Path, browser!,
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", $"--user-data-dir={scratch["profile"]}",
            "--disable-background-networking", "--proxy-server=127.0.0.1:9", "--enable-logging=stderr", .. options,
            "file://" + scratch[page],
        ]).MustSucceed();
    }

    [Fact]
    public void A_verdict_over_a_part_of_the_checks_says_so()
    {
        var report = SampleReport.Create(ImageResult.Ready);
        Assert.Contains("Ready for import.", HtmlReport.Render(report), StringComparison.Ordinal);
        var part = report with
        {
            Images = [report.Images[0] with
            {
                Result = ImageResult.RulesPass,
                Rules = [.. report.Images[0].Rules, new RuleReport("image.size", RuleSeverity.Error, RuleState.Skipped, "Left out.")],
            }],
        };
        Assert.Contains("The chosen rules pass.", HtmlReport.Render(part), StringComparison.Ordinal);
        Assert.Contains("1 check left out.", HtmlReport.Render(part), StringComparison.Ordinal);
    }

    /// <summary>The top left pixel of a PNG as RRGGBB. Whatever its row's filter, the first pixel stands there as it is.</summary>
    private static string FirstPixel(ReadOnlySpan<byte> png)
    {
        using var data = new MemoryStream();
        for (var at = 8; at + 12 <= png.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(png[at..]);
            if (png.Slice(at + 4, 4).SequenceEqual("IDAT"u8))
            {
                data.Write(png.Slice(at + 8, length));
            }

            at += 12 + length;
        }

        data.Position = 0;
        using var pixels = new ZLibStream(data, CompressionMode.Decompress);
        var start = new byte[4];
        pixels.ReadExactly(start);
        return Convert.ToHexString(start.AsSpan(1));
    }

    // Links may lead anywhere: they are followed only by who clicks them.
    [GeneratedRegex("""src\s*=\s*"|(?<!<a )href\s*=\s*"|url\(|@import|<(link|img|iframe|script|object|embed)""",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex ExternalReference();
}
