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
            image.GetProperty("windows").EnumerateObject().Select(p => p.Name).Where(n => n is not ("productName" or "edition" or "computerName" or "partition")));
        Assert.Equal(["ok", "fixed", "failed", "failed", "notApplicable"], image.GetProperty("rules").EnumerateArray().Select(r => r.GetProperty("state").GetString()!));
        Assert.Equal(["error", "error", "error", "warning", "warning"], image.GetProperty("rules").EnumerateArray().Select(r => r.GetProperty("severity").GetString()!));
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
    [InlineData("light")]
    [InlineData("dark")]
    public void A_real_browser_renders_the_page_without_a_request(string scheme)
    {
        var browser = new[] { "chromium", "chromium-browser", "google-chrome", "headless_shell" }.FirstOrDefault(b => Oracle.Locate(b) is not null);
        Skip.If(browser is null, "no Chromium is installed");
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch["report.html"], HtmlReport.Render(SampleReport.Create()));
        var run = Oracle.RunIn(scratch.Path, browser!,
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1100,1800", $"--user-data-dir={scratch["profile"]}",
            "--disable-background-networking", "--proxy-server=127.0.0.1:9", $"--screenshot={scratch["page.png"]}",
            .. scheme == "dark" ? new[] { "--force-dark-mode", "--blink-settings=preferredColorScheme=0" } : ["--blink-settings=preferredColorScheme=1"],
            "--enable-logging=stderr", "file://" + scratch["report.html"],
        ]).MustSucceed();
        Assert.DoesNotContain("CONSOLE", run.Error, StringComparison.Ordinal);
        var picture = File.ReadAllBytes(scratch["page.png"]);
        Assert.True(picture.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G']));
        Assert.True(picture.Length > 20_000, "the page is empty");
        Assert.Equal(scheme == "dark" ? "12161C" : "F6F7F9", FirstPixel(picture)); // the page's own background in either palette
        if (Environment.GetEnvironmentVariable("OFFLINEPATCH_SCREENSHOTS") is { Length: > 0 } keep)
        {
            File.Copy(scratch["page.png"], Path.Combine(keep, $"report-{scheme}.png"), overwrite: true);
        }
    }

    [Fact]
    public void A_verdict_over_a_part_of_the_checks_says_so()
    {
        var report = SampleReport.Create(ImageResult.Ready);
        Assert.Contains("Ready for import.", HtmlReport.Render(report), StringComparison.Ordinal);
        var part = report with { Images = [report.Images[0] with { Result = ImageResult.RulesPass, Rules = [.. report.Images[0].Rules, new RuleReport("image.size", RuleSeverity.Error, RuleState.Skipped, "Left out.")] }] };
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

    [GeneratedRegex("""(src|href)\s*=\s*"(?!#)|url\(|@import|https?:""", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex ExternalReference();
}
