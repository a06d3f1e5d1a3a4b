using System.Text;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary><c>reg</c> and <c>bcd</c> on bare hive files.</summary>
[Trait("tier", "e2e")]
public sealed class RegCommandTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Sets_exports_imports_compares_and_deletes()
    {
        var a = NewHive("A");
        var b = NewHive("B");
        Tool.Run("reg", "set", a, @"Key\Sub", "-v", "Start", "-t", "dword", "-d", "0x3").MustExit(0);
        Tool.Run("reg", "set", a, @"Key\Sub", "-v", "Path", "-t", "expand", "-d", @"%SystemRoot%\x").MustExit(0);
        Tool.Run("reg", "set", a, "Key", "-v", "", "-t", "multi", "-d", @"one\0two").MustExit(0);
        Assert.Contains("Start    REG_DWORD    0x3", Tool.Run("reg", "query", a, @"key\sub").MustExit(0).Output, StringComparison.Ordinal);

        Tool.Run("reg", "diff", a, b).MustExit(3);
        Tool.Run("reg", "export", a, "-o", _folder["a.reg"]).MustExit(0);
        Assert.Equal([0xFF, 0xFE], File.ReadAllBytes(_folder["a.reg"])[..2]);
        Tool.Run("reg", "import", b, _folder["a.reg"]).MustExit(0);
        Tool.Run("reg", "diff", a, b).MustExit(0);

        Tool.Run("reg", "delete", b, "Key").MustExit(0);
        Tool.Run("reg", "delete", b, "Key").MustExit(2);
        Tool.Run("reg", "query", b, "Key").MustExit(2);
        Tool.Run("reg", "check", b).MustExit(0);
    }

    [Fact]
    public void Setting_what_is_set_writes_nothing()
    {
        var hive = NewHive("H");
        Tool.Run("reg", "set", hive, "Key", "-v", "v", "-d", "x").MustExit(0);
        var bytes = File.ReadAllBytes(hive);
        var time = File.GetLastWriteTimeUtc(hive);
        Tool.Run("reg", "set", hive, "Key", "-v", "v", "-d", "x").MustExit(0);
        Assert.Equal(bytes, File.ReadAllBytes(hive));
        Assert.Equal(time, File.GetLastWriteTimeUtc(hive));
    }

    /// <summary>Text that deletes first what it then creates, or sets a value twice, describes a state: the second run finds it.</summary>
    [Fact]
    public void Importing_the_same_text_again_writes_nothing()
    {
        var hive = NewHive("H");
        Tool.Run("reg", "set", hive, @"Key\Old\Deep", "-v", "x", "-d", "y").MustExit(0);
        Tool.Run("reg", "set", hive, @"Stays\Sub", "-v", "first", "-d", "y").MustExit(0);
        File.WriteAllText(_folder["state.reg"], """
            Windows Registry Editor Version 5.00

            [-HKEY_LOCAL_MACHINE\H\Key]

            [HKEY_LOCAL_MACHINE\H\Key]
            "a"="1"

            [HKEY_LOCAL_MACHINE\H\Key\Sub]
            "b"=dword:00000001
            "B"=dword:00000002

            [-HKEY_LOCAL_MACHINE\H\Key\Sub\None]

            [HKEY_LOCAL_MACHINE\H\Stays\Sub]
            "first"=-
            "first"="second"
            "never"=-

            [-HKEY_LOCAL_MACHINE\H\Never]

            """);
        var first = Tool.Run("reg", "import", hive, _folder["state.reg"]).MustExit(0);
        Assert.Contains("Done.", first.Output, StringComparison.Ordinal);
        Tool.Run("reg", "query", hive, @"Key\Old").MustExit(2);
        var values = Tool.Run("reg", "query", hive, "-s").MustExit(0).Output;
        Assert.Contains("b    REG_DWORD    0x2", values, StringComparison.Ordinal);
        Assert.Contains("first    REG_SZ    second", values, StringComparison.Ordinal);

        var bytes = File.ReadAllBytes(hive);
        var time = File.GetLastWriteTimeUtc(hive);
        var second = Tool.Run("reg", "import", hive, _folder["state.reg"]).MustExit(0);
        Assert.Contains("Nothing needed to be changed; nothing was written.", second.Output, StringComparison.Ordinal);
        Assert.Equal(bytes, File.ReadAllBytes(hive));
        Assert.Equal(time, File.GetLastWriteTimeUtc(hive));
    }

    [Fact]
    public void A_mistake_in_the_text_changes_nothing()
    {
        var hive = NewHive("H");
        var bytes = File.ReadAllBytes(hive);
        File.WriteAllText(_folder["bad.reg"], "Windows Registry Editor Version 5.00\n\n[HKEY_LOCAL_MACHINE\\H\\New]\n\"a\"=dword:zz\n");
        var result = Tool.Run("reg", "import", hive, _folder["bad.reg"]).MustExit(4);
        Assert.Contains("line 4", result.Error, StringComparison.Ordinal);
        Assert.Equal(bytes, File.ReadAllBytes(hive));
        Tool.Run("reg", "set", hive, "K", "-v", "v", "-t", "dword", "-d", "many").MustExit(1);
    }

    [Theory]
    [InlineData("dword", "4294967295", "FFFFFFFF")]
    [InlineData("dword", "4294967296", null)]
    [InlineData("dword", "0x1FFFFFFFF", null)]
    [InlineData("dword", "-1", null)]
    [InlineData("qword", "0xFFFFFFFFFFFFFFFF", "FFFFFFFFFFFFFFFF")]
    [InlineData("qword", "18446744073709551616", null)]
    [InlineData("binary", "abc", null)]
    [InlineData("binary", "ab,c0", "ABC0")]
    public void A_number_that_does_not_fit_is_refused_and_not_cut(string type, string text, string? stored)
    {
        var hive = NewHive("H");
        var bytes = File.ReadAllBytes(hive);
        var result = Tool.Run("reg", "set", hive, "Key", "-v", "limit", "-t", type, "-d", text);
        Assert.Equal(stored is null ? 1 : 0, result.ExitCode);
        if (stored is null)
        {
            Assert.Equal(bytes, File.ReadAllBytes(hive));
        }
        else
        {
            Assert.Equal(stored, Convert.ToHexString(Hive.Open(File.ReadAllBytes(hive)).Find("Key")!.FindValue("limit")!.ReadData()));
        }
    }

    [SkippableFact]
    public void Exit_codes_of_check()
    {
        Tool.Run("reg", "check", Unpack("odd/UnicodeHive")).MustExit(0);
        Tool.Run("reg", "check", Unpack("odd/BadListHive")).MustExit(3);
        Tool.Run("reg", "check", Unpack("odd/TruncatedHive")).MustExit(2);
        Tool.Run("reg", "check", Unpack("accounts/SECURITY")).MustExit(2);
        Tool.Run("reg", "set", Unpack("accounts/SECURITY"), "Key").MustExit(4);
    }

    [SkippableFact]
    public void Replay_writes_the_recovered_hive_and_wipes_its_logs()
    {
        var hive = Unpack("win10-set/DEFAULT");
        Unpack("win10-set/DEFAULT.LOG1");
        Unpack("win10-set/DEFAULT.LOG2");
        var expected = Hive.Open(File.ReadAllBytes(hive),
            new HiveLogs(default, File.ReadAllBytes(hive + ".LOG1"), File.ReadAllBytes(hive + ".LOG2"))).ToArray();
        Assert.Contains("5 log entries", Tool.Run("reg", "replay", hive).MustExit(0).Output, StringComparison.Ordinal);
        Assert.Equal(expected, File.ReadAllBytes(hive));
        Assert.DoesNotContain("HvLE", Encoding.Latin1.GetString(File.ReadAllBytes(hive + ".LOG1")), StringComparison.Ordinal);
        Assert.Equal(2, Directory.GetFiles(_folder.Path, "*.LOG*").Length);
        Assert.Contains("clean", Tool.Run("reg", "replay", hive).MustExit(0).Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void BCD_shows_a_store()
    {
        Corpus.Require("bcd/uefi-win10/BCD");
        Corpus.Unpack("bcd/uefi-win10/BCD", _folder["BCD"]);
        var text = Tool.Run("bcd", _folder["BCD"]).MustExit(0).Output;
        Assert.Contains("Windows Boot Manager", text, StringComparison.Ordinal);
        Assert.Contains("winload.efi", text, StringComparison.Ordinal);
    }

    private string NewHive(string name)
    {
        File.WriteAllBytes(_folder[name], Hive.Create().ToArray());
        return _folder[name];
    }

    private string Unpack(string name)
    {
        Corpus.Require("hives/" + name);
        var path = _folder[Path.GetFileName(name)];
        Corpus.Unpack("hives/" + name, path);
        return path;
    }
}
