using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Agent;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.CloudbaseInit;

/// <summary>
/// Configurations in every encoding, on Windows of several code pages. Python reads the file in the ANSI code page: text in it is kept byte
/// for byte; what it cannot read but the code page can express is written in it; anything else is refused and stays as it is.
/// </summary>
[Trait("tier", "unit")]
public sealed class ConfigEncodingTests
{
    private const string English = "[DEFAULT]\r\n# kept\r\nusername=Administrator\r\n";
    private const string German = "[DEFAULT]\r\n# Größe\r\nusername=Administrator\r\n";
    private const string Russian = "[DEFAULT]\r\n# размер\r\nusername=Администратор\r\n";
    private const string Japanese = "[DEFAULT]\r\n# 設定ファイル\r\nusername=Administrator\r\n";

    /// <summary>Encoding of the file, code page of the Windows, text, and what becomes of it: kept, written or refused.</summary>
    public static TheoryData<string, int, string, string> Files => new()
    {
        { "ANSI", 1252, English, "kept" },
        { "UTF-8", 1252, English, "kept" },
        { "UTF-8 with mark", 1252, English, "written" },
        { "UTF-16 LE", 1252, English, "written" },
        { "UTF-16 LE with mark", 1252, English, "written" },
        { "UTF-16 BE", 1252, English, "written" },
        { "UTF-16 BE with mark", 1252, English, "written" },
        { "UTF-32 with mark", 1252, English, "refused" },
        { "ANSI", 1252, German, "kept" },
        { "UTF-8", 1252, German, "kept" },
        { "UTF-8 with mark", 1252, German, "written" },
        { "UTF-16 LE with mark", 1252, German, "written" },
        { "UTF-16 BE with mark", 1252, German, "written" },
        { "ANSI", 1251, Russian, "kept" },
        { "UTF-8 with mark", 1251, Russian, "written" },
        { "UTF-16 LE with mark", 1251, Russian, "written" },
        { "UTF-16 BE with mark", 1251, Russian, "written" },
        { "UTF-16 LE with mark", 1252, Russian, "refused" },
        { "UTF-8 with mark", 1252, Russian, "refused" },
        { "UTF-8", 1252, Russian, "refused" }, // bytes that code page 1252 does not define
        { "ANSI", 932, Japanese, "kept" },
        { "UTF-16 LE with mark", 932, Japanese, "written" },
        { "UTF-8 with mark", 932, Japanese, "written" },
        { "UTF-16 BE with mark", 1252, Japanese, "refused" },
        { "UTF-8", 65001, Japanese, "kept" },
        { "UTF-16 LE with mark", 65001, Japanese, "written" },
        { "half of a character", 1252, English, "refused" },
        { "half of a pair", 1252, English, "refused" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void What_becomes_of_a_file(string encoding, int codePage, string text, string expected)
    {
        var ansi = AnsiCodePage.Get(codePage);
        var bytes = Bytes(encoding, ansi, text);
        var config = CloudbaseInitConfig.Parse(bytes, ansi);
        Assert.Equal(expected, config.Mistakes.Count > 0 ? "refused" : config.MustBeWritten ? "written" : "kept");
        if (expected != "refused")
        {
            Assert.Equal(expected == "kept" ? bytes : ansi.GetBytes(text), config.ToArray());
            Assert.Equal(text.Contains("Администратор", StringComparison.Ordinal) ? "Администратор" : "Administrator",
                config.Get("DEFAULT", "username"));
        }

        // Through the rule: refused is not touched, anything else is right afterwards, and a second run changes nothing.
        var machine = Installed(codePage, bytes, isRussian: text == Russian);
        var context = machine.Start();
        var rule = new CloudbaseInitRule();
        if (expected == "refused")
        {
            Assert.Equal((FindingState.Failed, false), (rule.Inspect(context).State, rule.Inspect(context).Fixable));
            rule.Fix(context);
            Assert.Equal(bytes, machine.WindowsFiles.ReadFile(Conf));
            return;
        }

        rule.Fix(context);
        var written = machine.WindowsFiles.ReadFile(Conf);
        Assert.Equal(FindingState.Ok, rule.Inspect(machine.Restart()).State);
        Assert.Contains("retry_count_interval=", ansi.GetString(written), StringComparison.Ordinal);
        rule.Fix(machine.Restart());
        Assert.Equal(written, machine.WindowsFiles.ReadFile(Conf));
        foreach (var line in text.Split("\r\n").Where(l => l.StartsWith('#')))
        {
            Assert.True(encoding == "UTF-8" || ansi.GetString(written).Contains(line, StringComparison.Ordinal), line);
        }
    }

    /// <summary>A name in another script is written in the code page of its Windows.</summary>
    [Fact]
    public void The_names_of_this_Windows_are_written_as_the_agent_reads_them()
    {
        var machine = Installed(1251, "[DEFAULT]\r\n"u8.ToArray());
        machine.AddAccount(500, "Администратор", 0x0210, hasPassword: true);
        machine.Sam.Create(@"SAM\Domains\Builtin\Aliases\Names\Администраторы").SetValue("", (RegistryValueType)0x220, []);
        var rule = new CloudbaseInitRule();
        rule.Fix(machine.Start());
        var text = AnsiCodePage.Get(1251).GetString(machine.WindowsFiles.ReadFile(Conf));
        Assert.Contains("username=Администратор\r\n", text, StringComparison.Ordinal);
        Assert.Contains("groups=Администраторы\r\n", text, StringComparison.Ordinal);
        Assert.Equal(FindingState.Ok, rule.Inspect(machine.Restart()).State);
    }

    private const string Conf = @"Cloudbase-Init\conf\cloudbase-init.conf";

    private static byte[] Bytes(string encoding, Encoding ansi, string text) => encoding switch
    {
        "ANSI" => ansi.GetBytes(text),
        "UTF-8" => Encoding.UTF8.GetBytes(text),
        "UTF-8 with mark" => [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(text)],
        "UTF-16 LE" => Encoding.Unicode.GetBytes(text),
        "UTF-16 LE with mark" => [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(text)],
        "UTF-16 BE" => Encoding.BigEndianUnicode.GetBytes(text),
        "UTF-16 BE with mark" => [.. Encoding.BigEndianUnicode.Preamble, .. Encoding.BigEndianUnicode.GetBytes(text)],
        "UTF-32 with mark" => [.. Encoding.UTF32.Preamble, .. Encoding.UTF32.GetBytes(text)],
        "half of a character" => [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(text), 0x20],
        _ => [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(text), 0x00, 0xD8],
    };

    private static Machine Installed(int codePage, byte[] conf, bool isRussian = false)
    {
        var machine = new Machine { Options = new RuleOptions { CloudbaseInit = SamplePackage.Tree() } };
        machine.Set(@"Control\Nls\CodePage").SetString("ACP", $"{codePage}");
        var context = machine.Start();
        new CloudbaseInitRule().Fix(context);
        Machine.Save(context);
        machine.System = Hive.Open(machine.WindowsFiles.ReadFile(@"Windows\System32\config\SYSTEM"));
        machine.Options = new RuleOptions();
        machine.WindowsFiles.Put(Conf, conf);
        if (isRussian)
        {
            machine.AddAccount(500, "Администратор", 0x0210, hasPassword: true);
        }

        return machine;
    }
}
