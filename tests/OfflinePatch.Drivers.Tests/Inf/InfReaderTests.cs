using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Drivers.Inf;

namespace OfflinePatch.Drivers.Tests.Inf;

[Trait("tier", "layout")]
public sealed class InfReaderTests
{
    private const string Head = "[Version]\r\nSignature=\"$Windows NT$\"\r\n";

    private static InfLine Line(string text) => InfFile.Parse(Head + "[s]\r\n" + text, "t.inf").Find("s")!.Lines[0];

    [Theory]
    [InlineData("a=b", "a", "b")]
    [InlineData("  a  =  b  , c ", "a", "b|c")]
    [InlineData("a,b,,d", null, "a|b||d")]
    [InlineData("a = \" b \" , c", "a", " b |c")]
    [InlineData("a = \"he said \"\"hi\"\"\"", "a", "he said \"hi\"")]
    [InlineData("a = b;c", "a", "b")]
    [InlineData("a = \"b;c\" ; d", "a", "b;c")]
    [InlineData("a = \"open", "a", "open")]
    [InlineData("a = one \\\r\n  two", "a", "one two")]
    [InlineData("a = one, \\ ; comment\r\n  two", "a", "one|two")]
    [InlineData("a = C:\\dir\\file", "a", "C:\\dir\\file")]
    [InlineData("a = b = c", "a", "b = c")]
    [InlineData("HKR,,x,0,a=b", null, "HKR||x|0|a=b")]
    [InlineData("\"quoted key\" = v", "quoted key", "v")]
    [InlineData("a = x\" y \"z", "a", "x y z")]
    [InlineData("a=", "a", "")]
    public void Splits_lines(string text, string? key, string fields)
    {
        var line = Line(text);
        Assert.Equal(key, line.Key);
        Assert.Equal(fields.Split('|'), line.Fields);
    }

    [Fact]
    public void Merges_sections_of_one_name_in_order()
    {
        var inf = InfFile.Parse(Head + "[A]\na=1\n[b]\nb=2\n[a] ; again\nc=3\n", "t.inf");
        Assert.Equal(["1", "3"], inf.Find("A")!.Lines.Select(l => l.Field(0)));
        Assert.Equal(["Version", "A", "b"], inf.Sections.Select(s => s.Name));
    }

    [Fact]
    public void Reads_every_encoding()
    {
        const string Text = "[Version]\r\nSignature=\"$CHICAGO$\"\r\nProvider=\"Ünïted™ – Ltd\"\r\n";
        byte[] ansi = [.. Text.Select(c => c switch { '™' => (byte)0x99, '–' => (byte)0x96, _ => (byte)c })];
        byte[][] encodings =
        [
            ansi,
            [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Text)],
            [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes(Text)],
            [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Text)],
        ];
        foreach (var content in encodings)
        {
            Assert.Equal("Ünïted™ – Ltd", InfFile.Parse(content, "t.inf").Version.Provider);
        }

        Assert.Equal("plain",
            InfFile.Parse(Encoding.Unicode.GetBytes("[Version]\nSignature=\"$CHICAGO$\"\nProvider=plain\n"), "t.inf").Version.Provider);
    }

    [Fact]
    public void Substitutes_tokens()
    {
        var inf = InfFile.Parse(Head + "[Strings]\nA=\"one\"\nspaced name=two\n[Strings.0009]\nA=neutral\n[Strings.0407]\nA=eins\n",
            "t.inf");
        Assert.Equal("neutral 50% %unknown% two %12%\\x", inf.Expand("%a% 50%% %unknown% %SPACED NAME% %12%\\x"));
        Assert.Equal("one", InfFile.Parse(Head + "[Strings]\nA=\"one\"\n[Strings.0407]\nA=eins\n", "t.inf").Expand("%A%"));
        Assert.Equal("eins", InfFile.Parse(Head + "[Strings]\nA=\"one\"\n[Strings.0407]\nA=eins\n", "t.inf", 0x0407).Expand("%A%"));
        Assert.Equal(@"C:\Windows\System32\drivers\x.sys",
            inf.Expand(@"%12%\x.sys", id => id == 12 ? @"C:\Windows\System32\drivers" : null));
        Assert.Equal("%SystemRoot%\\x 5%", inf.Expand("%%SystemRoot%%\\x 5%"));
    }

    [Fact]
    public void A_field_that_strings_make_too_long_is_refused()
    {
        var inf = InfFile.Parse(Head + $"[Strings]\na=\"{new string('x', 4000)}\"\n", "t.inf");
        Assert.Equal(4000, inf.Expand("%a%").Length);
        Assert.Equal("INF-0016", Assert.Throws<UnsupportedImageException>(() => inf.Expand("%a%%a%")).Code);
        Assert.Equal(60_000, inf.Expand(new string('y', 60_000)).Length);
    }

    [Theory]
    [InlineData("", "INF-0007")]
    [InlineData("nonsense", "INF-0007")]
    [InlineData("[a]\nb=c", "INF-0008")]
    [InlineData("[Version]\nSignature=\"$Linux$\"", "INF-0008")]
    public void Told_when_it_is_no_INF(string text, string code)
    {
        var error = Assert.Throws<CorruptImageException>(() => InfFile.Parse(text, "t.inf"));
        Assert.Equal(code, error.Code);
    }

    [Fact]
    public void Told_when_it_is_binary()
    {
        var content = new byte[4096];
        new Random(1).NextBytes(content);
        content[7] = 0;
        Assert.Equal("INF-0006", Assert.Throws<CorruptImageException>(() => InfFile.Parse(content, "t.inf")).Code);
    }

    [Fact]
    public void A_bomb_is_told()
    {
        Assert.Equal("INF-0002",
            Assert.Throws<UnsupportedImageException>(() => InfFile.Parse(Head + "[s]\n" + new string('\n', 1_000_000), "t.inf")).Code);
        var sections = new StringBuilder(Head);
        for (var i = 0; i <= InfLimits.Sections; i++)
        {
            sections.Append('[').Append(i).Append("]\n");
        }

        Assert.Equal("INF-0003", Assert.Throws<UnsupportedImageException>(() => InfFile.Parse(sections.ToString(), "t.inf")).Code);
        Assert.Equal("INF-0004",
            Assert.Throws<UnsupportedImageException>(() => InfFile.Parse(Head + "[s]\n" + new string('x', 70_000), "t.inf")).Code);
        Assert.Equal("INF-0004", Assert.Throws<UnsupportedImageException>(() =>
            InfFile.Parse(Head + "[s]\n" + string.Concat(Enumerable.Repeat("xxxxxxxxxx\\\n", 9_000)), "t.inf")).Code);
        Assert.Equal("INF-0005",
            Assert.Throws<UnsupportedImageException>(() => InfFile.Parse(Head + "[s]\n" + new string(',', 80_000), "t.inf")).Code);
        Assert.Equal("INF-0001",
            Assert.Throws<UnsupportedImageException>(() => InfFile.Parse(new byte[InfLimits.FileBytes + 1], "t.inf")).Code);
    }

    [Fact]
    [Trait("tier", "fuzz")]
    public void Mutations_never_escape_the_known_errors()
    {
        var sample = Encoding.Latin1.GetBytes(InfSamples.Storage);
        var random = new Random(20261122);
        for (var round = 0; round < 3000; round++)
        {
            var mutant = sample.ToArray();
            for (var i = random.Next(1, 12); i > 0; i--)
            {
                mutant[random.Next(mutant.Length)] = (byte)"[]=,;\"\\%\n\0 x{"[random.Next(13)];
            }

            try
            {
                var inf = InfFile.Parse(mutant, "t.inf");
                foreach (var target in Targets.All)
                {
                    foreach (var section in InfModels.Select(inf, target).Models.Select(m => m.InstallSection).Distinct())
                    {
                        InfEvaluator.Evaluate(inf, section, target);
                    }
                }
            }
            catch (Exception e) when (e is CorruptImageException or UnsupportedImageException)
            {
                // told
            }
        }
    }
}
