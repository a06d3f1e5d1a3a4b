using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.RegText;
using OfflinePatch.Registry.Tests.Model;
using OfflinePatch.Registry.Tests.Support;
using OfflinePatch.Testing;

namespace OfflinePatch.Registry.Tests.RegText;

[Trait("tier", "unit")]
public sealed class RegTextTests
{
    private const string Sample = """
        Windows Registry Editor Version 5.00

        ; a comment
        [HKEY_LOCAL_MACHINE\X\Key]
        @="default"
        "text"="back\\slash and \"quote\""
        "number"=dword:0000002a
        "bytes"=hex:01,02,\
          03,04
        "path"=hex(2):25,00,41,00,25,00,00,00
        "list"=hex(7):61,00,00,00,00,00
        "long"=hex(b):01,00,00,00,00,00,00,00
        "none"=hex(0):
        "odd"=hex(ffff0012):aa,bb  ; with a comment
        "gone"=-

        [-HKEY_LOCAL_MACHINE\X\Old [1]]
        """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Reads_every_form(bool utf16)
    {
        var bytes = utf16 ? [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(Sample)]
            : Encoding.UTF8.GetBytes(Sample.ReplaceLineEndings("\r\n"));
        var file = RegTextFile.Parse(bytes);
        Assert.Equal(2, file.Sections.Count);
        Assert.True(file.Sections[1].IsDeletion);
        Assert.Equal(@"HKEY_LOCAL_MACHINE\X\Old [1]", file.Sections[1].Path);

        var hive = Hive.Create();
        hive.Create("Key").SetDword("gone", 1);
        hive.Create(@"Old [1]\Sub");
        Assert.Equal(2, file.ApplyTo(hive, p => p[@"HKEY_LOCAL_MACHINE\X\".Length..]));
        var key = hive.Find("Key")!;
        Assert.Equal("default", key.GetString(""));
        Assert.Equal("back\\slash and \"quote\"", key.GetString("text"));
        Assert.Equal(42u, key.GetDword("number"));
        Assert.Equal([1, 2, 3, 4], key.GetBinary("bytes")!);
        Assert.Equal("%A%", key.GetString("path"));
        Assert.Equal(["a"], key.GetMultiString("list")!);
        Assert.Equal(1UL, key.FindValue("long")!.AsQword());
        Assert.Equal(RegistryValueType.None, key.FindValue("none")!.Type);
        Assert.Equal((RegistryValueType)0xFFFF0012, key.FindValue("odd")!.Type);
        Assert.Null(key.FindValue("gone"));
        Assert.Null(hive.Find("Old [1]"));
    }

    [Theory]
    [InlineData("REGEDIT3\n[X]\n", 1)]
    [InlineData("Windows Registry Editor Version 5.00\n\"a\"=\"b\"\n", 2)]
    [InlineData("Windows Registry Editor Version 5.00\n[X]\n\"a\"=dword:xyz\n", 3)]
    [InlineData("Windows Registry Editor Version 5.00\n[X]\n\"a\"=hex:1 2\n", 3)]
    [InlineData("Windows Registry Editor Version 5.00\n[X]\n\"a\"=hex:100\n", 3)]
    [InlineData("Windows Registry Editor Version 5.00\n[X]\n\"a\n", 4)]
    [InlineData("Windows Registry Editor Version 5.00\n[X", 2)]
    [InlineData("Windows Registry Editor Version 5.00\n[X]\n\"a\"=\"b\" c\n", 3)]
    public void Names_the_line_of_a_mistake(string text, int line)
    {
        var error = Assert.Throws<RefusedException>(() => RegTextFile.Parse(Encoding.UTF8.GetBytes(text)));
        Assert.Equal("REG-0501", error.Code);
        Assert.Contains($"line {line}:", error.Message, StringComparison.Ordinal);
    }

    /// <summary>As regedit cuts them: a line ends behind the byte that reaches column 77.</summary>
    [Theory]
    [InlineData("Data", 22, 78)] // 11 characters in front of the bytes
    [InlineData("Data1", 22, 79)]
    [InlineData("Da", 23, 79)]
    [InlineData("Dat", 23, 80)]
    public void Lines_of_bytes_end_where_those_of_regedit_end(string name, int bytes, int length)
    {
        var hive = Hive.Create();
        hive.Root.SetBinary(name, new byte[100]);
        using var output = new MemoryStream();
        RegTextWriter.Export(hive.Root, @"HKEY_LOCAL_MACHINE\X", output);
        var lines = Encoding.Unicode.GetString(output.ToArray()).Split("\r\n")
            .SkipWhile(l => !l.StartsWith('"')).TakeWhile(l => l.Length > 0).ToList();

        Assert.Equal(length, lines[0].Length);
        Assert.Equal($"\"{name}\"=hex:{string.Concat(Enumerable.Repeat("00,", bytes))}\\", lines[0]);
        Assert.Equal($"  {string.Concat(Enumerable.Repeat("00,", 25))}\\", lines[1]);
        Assert.Equal(100 - bytes - 75, (lines[^1].Length - 1) / 3);
    }

    [Fact]
    public void A_mistake_changes_nothing()
    {
        var hive = Hive.Create();
        Assert.Throws<RefusedException>(() => RegTextFile.Parse("Windows Registry Editor Version 5.00\n[A]\n[B]\nx"u8)
            .ApplyTo(hive, p => p));
        Assert.Equal(0, hive.Root.SubKeyCount);
    }

    /// <summary>
    /// Lines in turn, as regedit makes them, are the model; the text is applied to a hive twice, and the second time changes nothing.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Text_as_a_whole_leaves_what_its_lines_leave_and_nothing_to_do(int seed)
    {
        var random = new Random(seed);
        string[] names = ["a", "A", "b", "c"];
        for (var round = 0; round < 200; round++)
        {
            var sections = new List<RegTextSection>();
            for (var i = 0; i < 12; i++)
            {
                var path = string.Join('\\', Enumerable.Range(0, 1 + random.Next(3)).Select(_ => names[random.Next(4)]));
                sections.Add(new RegTextSection(path, random.Next(3) == 0,
                    [.. Enumerable.Range(0, random.Next(3)).Select(_ => new RegTextValue(names[random.Next(4)], random.Next(3) == 0,
                        RegistryValueType.Dword, BitConverter.GetBytes(random.Next(3))))], 1));
            }

            var model = Hive.Create();
            var hive = Hive.Create();
            sections.ForEach(s => new RegTextFile([s]).ApplyTo(model, p => p));
            sections.Take(5).ToList().ForEach(s => new RegTextFile([s]).ApplyTo(hive, p => p));
            var text = new RegTextFile(sections[5..]);
            text.ApplyTo(hive, p => p);
            Assert.Equal(0, RegTextWriter.Diff(model.Root, hive.Root, "R", Stream.Null));
            Assert.Equal(0, RegTextWriter.Diff(hive.Root, model.Root, "R", Stream.Null));

            var again = Hive.Open(hive.Image.ToArray());
            text.ApplyTo(again, p => p);
            Assert.False(again.HasEdits);
        }
    }

    [SkippableTheory]
    [InlineData("odd/UnicodeHive", RegTextEncoding.Utf16)]
    [InlineData("odd/UnicodeHive", RegTextEncoding.Utf8)]
    [InlineData("odd/BigDataHive", RegTextEncoding.Utf16)]
    [InlineData("odd/ExtendedASCIIHive", RegTextEncoding.Utf8)]
    [InlineData("odd/BogusKeyNamesHive", RegTextEncoding.Utf16)]
    [InlineData("odd/StringValuesHive", RegTextEncoding.Utf16)]
    [InlineData("accounts/SAM", RegTextEncoding.Utf16)]
    [InlineData("win10-set/BBI", RegTextEncoding.Utf8)]
    [InlineData("clean/NTUSER-win7.DAT", RegTextEncoding.Utf16)]
    [InlineData("plaso/NTUSER-WIN7.DAT", RegTextEncoding.Utf8)]
    public void Export_and_import_give_the_same_tree(string name, RegTextEncoding encoding)
    {
        var hive = Hive.Open(CorpusHives.Read(name), CorpusHives.Logs(name));
        var copy = Hive.Create(hive.MinorVersion, hive.Root.Name);
        RegTextFile.Parse(Export(hive, encoding)).ApplyTo(copy, WithoutRoot);
        Assert.DoesNotContain(copy.Check(), f => f.ForbidsEditing);
        Assert.Equal(0, RegTextWriter.Diff(hive.Root, copy.Root, "R", Stream.Null));
        Assert.Equal(0, RegTextWriter.Diff(copy.Root, hive.Root, "R", Stream.Null));
    }

    [SkippableFact]
    public void A_diff_applied_to_the_first_gives_the_second()
    {
        var before = Hive.Open(CorpusHives.Read("clean/NTUSER-win7.DAT"));
        var after = Hive.Open(CorpusHives.Read("clean/NTUSER-win7.DAT"));
        new RandomEdits(after, ModelKey.Load(after), seed: 5).Run(150);
        using var text = new MemoryStream();
        Assert.True(RegTextWriter.Diff(before.Root, after.Root, "R", text) > 20);
        RegTextFile.Parse(text.ToArray()).ApplyTo(before, WithoutRoot);
        Assert.Equal(0, RegTextWriter.Diff(before.Root, after.Root, "R", Stream.Null));
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Hivex_exports_the_same_keys_and_values()
    {
        Oracle.Require("hivexregedit");
        using var folder = new ScratchFolder();
        foreach (var name in new[] { "odd/UnicodeHive", "odd/NTUSER1.DAT", "accounts/SAM", "plaso/100_sub_keys.hiv",
            "win10-set/BCD-Template", "win10-set/ELAM" })
        {
            var hive = Hive.Open(CorpusHives.Read(name), CorpusHives.Logs(name));
            File.WriteAllBytes(folder["h"], hive.ToArray());
            var theirs = Oracle.Run("hivexregedit", "--export", "--prefix", "R", folder["h"], @"\").MustSucceed().Output;
            var copy = Hive.Create();
            RegTextFile.Parse(Encoding.UTF8.GetBytes(theirs.Replace("[R\\]", "[R]", StringComparison.Ordinal))).ApplyTo(copy, WithoutRoot);
            using var difference = new MemoryStream();
            Assert.True(RegTextWriter.Diff(hive.Root, copy.Root, "R", difference, RegTextEncoding.Utf8) == 0,
                name + Encoding.UTF8.GetString(difference.ToArray()));
        }
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Hivex_merges_what_we_export()
    {
        Oracle.Require("hivexregedit");
        using var folder = new ScratchFolder();
        // (it reads text outside ASCII wrongly)
        foreach (var name in new[] { "odd/NTUSER1.DAT", "win10-set/ELAM", "plaso/100_sub_keys.hiv" })
        {
            var hive = Hive.Open(CorpusHives.Read(name));
            File.WriteAllBytes(folder["t.reg"], Export(hive, RegTextEncoding.Utf8));
            File.WriteAllBytes(folder["h"], Hive.Create(3).ToArray());
            Oracle.Run("hivexregedit", "--merge", "--prefix", "R", "--encoding", "UTF-16LE", folder["h"], folder["t.reg"]).MustSucceed();
            var merged = Hive.Open(File.ReadAllBytes(folder["h"]));
            using var difference = new MemoryStream();
            Assert.True(RegTextWriter.Diff(hive.Root, merged.Root, "R", difference, RegTextEncoding.Utf8) == 0,
                name + Encoding.UTF8.GetString(difference.ToArray()));
        }
    }

    private static byte[] Export(Hive hive, RegTextEncoding encoding)
    {
        using var text = new MemoryStream();
        RegTextWriter.Export(hive.Root, "R", text, encoding);
        return text.ToArray();
    }

    private static string? WithoutRoot(string path) => path == "R" ? "" : path[2..];
}
