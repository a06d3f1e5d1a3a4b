using System.Text;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary><c>reg</c> and <c>bcd</c> on the registry inside an image.</summary>
[Trait("tier", "e2e")]
public sealed class RegImageTests(Machines machines) : IClassFixture<Machines>, IDisposable
{
    private const string Config = "/Windows/System32/config/";
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Keys_of_several_hives_are_imported_read_back_and_undone()
    {
        var image = Machine();
        var before = SparseHash.Of(image);
        File.WriteAllText(_folder["a.reg"], """
            Windows Registry Editor Version 5.00

            [HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\offlinepatch-test]
            "Start"=dword:00000003
            "ImagePath"=hex(2):25,00,53,00,25,00,00,00

            [HKEY_LOCAL_MACHINE\SOFTWARE\OfflinePatchTest\Deep\Er]
            @="default"
            """);
        Tool.Run("reg", "import", image, _folder["a.reg"]).MustExit(0);

        Assert.Contains("Start    REG_DWORD    0x3",
            Tool.Run("reg", "query", image, @"HKLM\SYSTEM\ControlSet001\Services\offlinepatch-test").MustExit(0).Output,
            StringComparison.Ordinal);
        var export = Encoding.Unicode.GetString(ExportOf(image, @"HKLM\SOFTWARE\OfflinePatchTest"));
        Assert.Contains(@"[HKEY_LOCAL_MACHINE\SOFTWARE\OfflinePatchTest\Deep\Er]", export, StringComparison.Ordinal);
        Assert.Contains("@=\"default\"", export, StringComparison.Ordinal);
        Tool.Run("reg", "check", image).MustExit(0);
        if (Oracle.Locate("hivexget") is not null)
        {
            Tool.Run("fs", "get", image, Config + "SOFTWARE", _folder.Path).MustExit(0);
            Assert.Contains("default", Oracle.Run("hivexget", _folder["SOFTWARE"], @"OfflinePatchTest\Deep\Er").MustSucceed().Output,
                StringComparison.Ordinal);
        }

        Tool.Run("undo", image).MustExit(0);
        Assert.Equal(before, SparseHash.Of(image));
    }

    [Fact]
    public void Two_images_are_compared()
    {
        var image = Machine();
        var other = _folder["other.raw"];
        Oracle.Run("cp", "--sparse=always", image, other).MustSucceed();
        Tool.Run("reg", "diff", image, other).MustExit(0);
        Tool.Run("reg", "set", other, @"HKLM\SYSTEM\Setup", "-v", "OfflinePatchTest", "-d", "x").MustExit(0);
        var text = Tool.Run("reg", "diff", image, other).MustExit(3).Output;
        Assert.Contains(@"[HKEY_LOCAL_MACHINE\SYSTEM\Setup]", text, StringComparison.Ordinal);
        Assert.Contains("\"OfflinePatchTest\"=\"x\"", text, StringComparison.Ordinal);
        Tool.Run("reg", "delete", other, @"HKLM\SYSTEM\Setup", "-v", "OfflinePatchTest").MustExit(0);
        Tool.Run("reg", "diff", image, other).MustExit(0);
    }

    [Fact]
    public void A_users_hive_is_found_by_the_profile()
    {
        var image = Machine();
        File.WriteAllBytes(_folder["NTUSER.DAT"], Hive.Create().ToArray());
        Tool.Run("fs", "mkdir", image, "/Users/Test").MustExit(0);
        Tool.Run("fs", "put", image, _folder["NTUSER.DAT"], "/Users/Test/NTUSER.DAT").MustExit(0);
        Tool.Run("reg", "set", image, @"HKU\Test\Software\Key", "-v", "v", "-t", "qword", "-d", "7").MustExit(0);
        Assert.Contains("v    REG_QWORD    0x7", Tool.Run("reg", "query", image, @"HKEY_USERS\Test\Software\Key").MustExit(0).Output,
            StringComparison.Ordinal);
        Tool.Run("reg", "query", image, @"HKU\Nobody\Software").MustExit(2);
    }

    [SkippableFact]
    public void A_dirty_hive_is_made_whole_from_its_logs()
    {
        Corpus.Require("hives/win10-set/DEFAULT");
        var image = Machine();
        foreach (var file in (string[])["DEFAULT", "DEFAULT.LOG1", "DEFAULT.LOG2"])
        {
            Corpus.Unpack("hives/win10-set/" + file, _folder[file]);
            Tool.Run("fs", "put", image, _folder[file], Config + file).MustExit(0);
        }

        var expected = Hive.Open(File.ReadAllBytes(_folder["DEFAULT"]),
            new HiveLogs(default, File.ReadAllBytes(_folder["DEFAULT.LOG1"]), File.ReadAllBytes(_folder["DEFAULT.LOG2"]))).ToArray();
        Assert.Contains("5 log entries", Tool.Run("reg", "replay", image).MustExit(0).Output, StringComparison.Ordinal);
        foreach (var file in (string[])["DEFAULT", "DEFAULT.LOG1", "DEFAULT.LOG2"])
        {
            Tool.Run("fs", "get", image, Config + file, _folder["new/"]).MustExit(0);
        }

        Assert.Equal(expected, File.ReadAllBytes(_folder["new/DEFAULT"]));
        Assert.DoesNotContain("HvLE", Encoding.Latin1.GetString(File.ReadAllBytes(_folder["new/DEFAULT.LOG1"])), StringComparison.Ordinal);
        Assert.DoesNotContain("HvLE", Encoding.Latin1.GetString(File.ReadAllBytes(_folder["new/DEFAULT.LOG2"])), StringComparison.Ordinal);
        var hash = SparseHash.Of(image);
        Assert.DoesNotContain("log entries", Tool.Run("reg", "replay", image).MustExit(0).Output, StringComparison.Ordinal);
        Assert.Equal(hash, SparseHash.Of(image));
    }

    [Fact]
    public void The_boot_store_of_an_image_is_printed()
    {
        var text = Tool.Run("bcd", Machine()).MustExit(0).Output;
        Assert.Contains("Windows Boot Manager", text, StringComparison.Ordinal);
        Assert.Contains("winload.efi", text, StringComparison.Ordinal);
    }

    private string Machine() => machines.Copy(_folder, machines.Raw("win2019", MachineFirmware.Uefi));

    private byte[] ExportOf(string image, string key)
    {
        Tool.Run("reg", "export", image, key, "-o", _folder["export.reg"]).MustExit(0);
        return File.ReadAllBytes(_folder["export.reg"]);
    }
}
