using OfflinePatch.Cli.Batch;
using OfflinePatch.Cli.Tests.Documents;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Batch;

/// <summary><c>watch</c> and <c>report merge</c>.</summary>
[Trait("tier", "e2e")]
public sealed class WatchTests(Machines machines) : IClassFixture<Machines>, IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Images_that_are_complete_are_fixed_and_moved_with_their_undo_files()
    {
        Directory.CreateDirectory(_scratch["in"]);
        var raw = machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress);
        Oracle.Run("cp", "--sparse=always", raw, _scratch["in/a.raw"]).MustSucceed();
        File.WriteAllBytes(_scratch["in/broken.qcow2"], "QFI\u00fbnonsense"u8.ToArray());
        File.WriteAllText(_scratch["in/b.raw.part"], "not an image yet");
        string[] line = ["watch", _scratch["in"], "--done", _scratch["done"], "--failed", _scratch["failed"], "--once", "--settle", "0",
            "--only", "network.dhcp", "--json-lines"];
        var run = Tool.Run(line).MustExit(2);
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.All(lines, l => Assert.Equal("watch", SchemaJudge.Require(l).GetProperty("command").GetString()));
        Assert.Equal(["a.raw", "a.raw.offlinepatch-undo"],
            Directory.GetFiles(_scratch["done"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(["broken.qcow2"], Directory.GetFiles(_scratch["failed"]).Select(Path.GetFileName));
        Assert.Equal(["b.raw.part"], Directory.GetFiles(_scratch["in"]).Select(Path.GetFileName));
        Tool.Run("undo", _scratch["done/a.raw"]).MustExit(0);
        Assert.Equal(SparseHash.Of(raw), SparseHash.Of(_scratch["done/a.raw"]));
        Tool.Run(line).MustExit(0); // nothing is left to do
        Tool.Run("watch", _scratch["in"], "--done", _scratch["in"], "--once").MustExit(1);
    }

    [Fact]
    public void An_image_that_grows_is_waited_for()
    {
        File.WriteAllBytes(_scratch["a.raw"], new byte[512]);
        File.SetLastWriteTimeUtc(_scratch["a.raw"], DateTime.UtcNow);
        var arrivals = new Arrivals(_scratch.Path, TimeSpan.FromSeconds(10));
        var start = DateTimeOffset.UtcNow;
        Assert.Empty(arrivals.Complete(start));
        Assert.Empty(arrivals.Complete(start + TimeSpan.FromSeconds(9)));
        File.WriteAllBytes(_scratch["a.raw"], new byte[1024]);
        File.SetLastWriteTimeUtc(_scratch["a.raw"], (start + TimeSpan.FromSeconds(11)).UtcDateTime);
        Assert.Empty(arrivals.Complete(start + TimeSpan.FromSeconds(11)));
        Assert.Equal([_scratch["a.raw"]], arrivals.Complete(start + TimeSpan.FromSeconds(22)));
        arrivals.Leave(_scratch["a.raw"]);
        Assert.Empty(arrivals.Complete(start + TimeSpan.FromSeconds(40)));
    }

    [Fact]
    public void Results_of_several_runs_are_joined_and_the_last_one_of_an_image_counts()
    {
        var raw = machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress);
        var one = Tool.Run("check", raw, "--json-lines").MustExit(3).Output;
        var two = Tool.Run("check", raw, "--only", "boot.loader", "--json").MustExit(0).Output;
        Directory.CreateDirectory(_scratch["r"]);
        File.WriteAllText(_scratch["r/1.jsonl"], one + one.Replace(raw, raw + "2", StringComparison.Ordinal) + "{\"schema\":1,\"comm");
        File.WriteAllText(_scratch["r/2.json"], two);
        var merged = Tool.RunJson("report", "merge", _scratch["r"], "--report", _scratch["pages/"]).MustExit(3).Json;
        Assert.Equal(["rulesPass", "notReady"],
            merged.GetProperty("images").EnumerateArray().Select(i => i.GetProperty("result").GetString()!));
        Assert.Equal(3, Directory.GetFiles(_scratch["pages"]).Length);
        Assert.Contains("cut short", Tool.Run("report", "merge", _scratch["r"]).MustExit(3).Error, StringComparison.Ordinal);
        File.WriteAllText(_scratch["r/3.json"], "nonsense");
        Tool.Run("report", "merge", _scratch["r"]).MustExit(2);
    }
}
