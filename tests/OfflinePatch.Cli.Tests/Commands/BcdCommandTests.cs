using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>Elements of boot configuration stores, by the names of bcdedit.</summary>
[Trait("tier", "e2e")]
public sealed class BcdCommandTests(Machines machines) : IClassFixture<Machines>
{
    [Fact]
    public void An_element_is_set_deleted_and_undone()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios));
        var before = SparseHash.Of(image);
        Assert.Equal("Done.\n", Tool.Run("bcd", image, "--set", "{default}", "safeboot", "Minimal").MustExit(0).Output);
        Tool.Run("bcd", image, "/set", "{default}", "recoveryenabled", "No").MustExit(0);
        Tool.Run("bcd", image, "/set", "{bootmgr}", "timeout", "7").MustExit(0);
        Tool.Run("bcd", image, "--set", "{bootmgr}", "displayorder", "{default}").MustExit(0);
        var shown = Tool.Run("bcd", image).MustExit(0).Output;
        Assert.Matches("safeboot +Minimal", shown);
        Assert.Matches("recoveryenabled +No", shown);
        Assert.Matches("timeout +7", shown);
        Assert.Contains("Nothing needed to be changed",
            Tool.Run("bcd", image, "--set", "{default}", "safeboot", "minimal").MustExit(0).Output, StringComparison.Ordinal);
        Assert.True(Tool.RunJson("bcd", image, "/deletevalue", "{default}", "safeboot").MustExit(0).Json.GetProperty("changed")
            .GetBoolean());
        Assert.DoesNotContain("safeboot", Tool.Run("bcd", image).MustExit(0).Output, StringComparison.Ordinal);
        Tool.Run("reg", "check", image).MustExit(0);
        Tool.Run("bcd", image, "--export", scratch["BCD"]).MustExit(0);
        Assert.Equal(Tool.Run("bcd", image).Output, Tool.Run("bcd", scratch["BCD"]).MustExit(0).Output);
        Tool.Run("reg", "check", scratch["BCD"]).MustExit(0);
        Tool.Run("undo", "--all", image).MustExit(0);
        Assert.Equal(before, SparseHash.Of(image));
    }

    [Theory]
    [InlineData(2, "{nosuch}", "nx", "OptIn")]
    [InlineData(2, "{default}", "nosuch", "1")]
    [InlineData(4, "{default}", "nx", "perhaps")]
    [InlineData(4, "{default}", "testsigning", "maybe")]
    [InlineData(4, "{default}", "osdevice", "partition=C:")]
    public void What_does_not_fit_is_refused_and_nothing_is_written(int code, string id, string name, string value)
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios));
        Tool.Run("bcd", image, "--set", id, name, value).MustExit(code);
        Assert.Equal([image], Directory.GetFiles(scratch.Path));
    }
}
