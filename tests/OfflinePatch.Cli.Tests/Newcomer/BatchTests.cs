using System.Text.Json;
using OfflinePatch.Cli.Batch;
using OfflinePatch.Cli.Tests.Batch;
using OfflinePatch.Cli.Tests.Documents;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Newcomer;

/// <summary>The faults that a newcomer found, part E: many images.</summary>
[Trait("tier", "e2e")]
public sealed class BatchTests(Machines machines) : IClassFixture<Machines>, IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    [Trait("fault", "M6")]
    public void M6_undo_and_recover_take_several_images()
    {
        var images = Several(3);
        Tool.Run(["fix", .. images, "--only", "network.dhcp"]).MustExit(0);
        Tool.Run("undo", _scratch["images"]).MustExit(0);
        Assert.All(images, i => Assert.Equal(SparseHash.Of(Raw()), SparseHash.Of(i)));
        var again = Tool.RunJson("undo", _scratch["images"]).MustExit(4).Json.GetProperty("images");
        Assert.All(again.EnumerateArray(), i => Assert.Equal("CORE-0022", i.GetProperty("error").GetProperty("code").GetString()));
        Assert.Equal(3, Tool.RunJson(["recover", .. images]).MustExit(0).Json.GetProperty("images").GetArrayLength());
    }

    [Fact]
    [Trait("fault", "M7")]
    public void M7_each_image_is_a_line_of_JSON_as_soon_as_it_is_finished()
    {
        var images = Several(3);
        using var process = Tool.Start(["fix", .. images, _scratch["pipe"], "--only", "network.dhcp", "--jobs", "1", "--json-lines",
            "--report", _scratch["pages/"]]);
        var first = process.StandardOutput.ReadLine();
        var early = !process.HasExited;
        var rest = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var lines = rest.Split('\n', StringSplitOptions.RemoveEmptyEntries).Prepend(first!).ToList();
        Assert.Equal(4, lines.Count);
        Assert.All(lines, l => Assert.Equal("fix", SchemaJudge.Require(l).GetProperty("command").GetString()));
        Assert.Equal(images[0], JsonDocument.Parse(first!).RootElement.GetProperty("images")[0].GetProperty("path").GetString());
        Assert.True(early);
        Assert.Equal(5, Directory.GetFiles(_scratch["pages"]).Length);
    }

    [Fact]
    [Trait("fault", "M8")]
    public void M8_a_batch_ends_with_a_summary_and_says_where_it_is()
    {
        var images = Several(3);
        File.WriteAllBytes(_scratch["images/broken.qcow2"], "QFI\u00fbnonsense"u8.ToArray());
        var run = Tool.Run("check", _scratch["images"]).MustExit(3);
        var lines = run.Output.TrimEnd().Split('\n');
        Assert.Matches(@"^4 images: 3 not ready, 1 failed; [0-9.]+ s$", lines[^1]);
        Assert.Contains(lines[^5..], l => l.StartsWith(_scratch["images/broken.qcow2"] + ": error (", StringComparison.Ordinal));
        Assert.Equal(4, run.Error.Split('\n').Count(l => l.StartsWith('[') && l.Contains("/4] ", StringComparison.Ordinal)));
        Assert.Equal("", Tool.Run(["check", .. images, "-q"]).MustExit(3).Error);
    }

    [SkippableFact]
    [Trait("fault", "M9")]
    public void M9_the_directory_of_copies_is_created_and_finished_copies_are_recognised()
    {
        Oracle.Require("qemu-img");
        var images = Several(2);
        Tool.Run("fix", images[0], "-o", _scratch["out/"], "-O", "qcow2", "--only", "network.dhcp").MustExit(0);
        var time = File.GetLastWriteTimeUtc(_scratch["out/m1.qcow2"]);
        Tool.Run(["fix", .. images, "-o", _scratch["out"], "-O", "qcow2", "--only", "network.dhcp"]).MustExit(4);
        var run = Tool.RunJson(["fix", .. images, "-o", _scratch["out"], "-O", "qcow2", "--only", "network.dhcp", "--skip-existing"])
            .MustExit(0);
        Assert.Equal(["skipped", "rulesPass"],
            run.Json.GetProperty("images").EnumerateArray().Select(i => i.GetProperty("result").GetString()!));
        Assert.Equal(time, File.GetLastWriteTimeUtc(_scratch["out/m1.qcow2"]));
        Tool.Run(["fix", .. images, "-o", _scratch["other/deep"], "--dry-run"]).MustExit(3);
        Assert.False(Directory.Exists(_scratch["other"]));
    }

    [Fact]
    [Trait("fault", "M10")]
    public void M10_lists_patterns_and_directories()
    {
        Directory.CreateDirectory(_scratch["list/sub dir"]);
        foreach (var name in (string[])["a 1.raw", "b.qcow2", "c.vmdk", "c-flat.vmdk", "c-s001.vmdk", "notes.txt", ".hidden.raw",
            "sub dir/d.vhdx"])
        {
            File.WriteAllBytes(_scratch["list/" + name], new byte[65536]);
        }

        string[] Paths(params string[] words) =>
            [.. Tool.RunJson(["inspect", .. words]).Json.GetProperty("images").EnumerateArray()
                .Select(i => i.GetProperty("path").GetString()!)];
        Assert.Equal(["a 1.raw", "b.qcow2", "c.vmdk", "sub dir/d.vhdx"],
            Paths(_scratch["list"]).Select(p => Path.GetRelativePath(_scratch["list"], p)));
        Assert.Equal([_scratch["list/b.qcow2"], _scratch["list/sub dir/d.vhdx"]],
            Paths(_scratch["list/*.qcow2"], _scratch["list/s*/?.vhdx"]));
        Assert.Contains("no file matches", Tool.Run("check", _scratch["list/*.zvhd2"]).MustExit(2).Error, StringComparison.Ordinal);

        File.WriteAllText(_scratch["names"], $"{_scratch["list/a 1.raw"]}\r\n\n{_scratch["list/b.qcow2"]}\n");
        Assert.Equal([_scratch["list/a 1.raw"], _scratch["list/b.qcow2"]], Paths("--images-from", _scratch["names"]));
        var zeros = Tool.RunWithInput(System.Text.Encoding.UTF8.GetBytes($"{_scratch["list/a 1.raw"]}\0{_scratch["list/b.qcow2"]}\0"),
            "inspect", "--images-from", "-", "--json");
        Assert.Equal(2, zeros.Json.GetProperty("images").GetArrayLength());
        Assert.Contains("no image is named", Tool.Run("check").MustExit(1).Error, StringComparison.Ordinal);
        Assert.Contains("given twice", Tool.Run("check", _scratch["list"], _scratch["list/b.qcow2"]).MustExit(1).Error,
            StringComparison.Ordinal);
    }

    [Fact]
    [Trait("fault", "P5")]
    public void P5_the_default_of_jobs_and_the_memory_that_they_take_are_said()
    {
        var help = Tool.RunWith(["COLUMNS=200"], "fix", "--help").MustExit(0).Output.Replace("\n", " ", StringComparison.Ordinal);
        Assert.Matches("by default as many as there\\s+are\\s+processors", help);
        Assert.Matches("memory", help);
    }

    [Fact]
    [Trait("fault", "P26")]
    public void P26_images_are_begun_in_order()
    {
        var begun = new List<int>();
        BatchRunner.Run(
            new BatchRequest([.. Enumerable.Range(0, 20).Select(i => $"{i}")], 2, (path, _) =>
            {
                lock (begun)
                {
                    begun.Add(int.Parse(path, System.Globalization.CultureInfo.InvariantCulture));
                }

                return new Windows.Reports.ImageReport { Path = path };
            }),
            CancellationToken.None);

        // Of two workers one may be between taking an image and beginning it: never more than one earlier image is missing.
        for (var i = 0; i < begun.Count; i++)
        {
            Assert.True(begun.Take(i).Count(b => b < begun[i]) >= begun[i] - 1, string.Join(' ', begun));
        }
    }

    [Fact]
    public void Shards_are_stable_and_do_each_image_once()
    {
        string[] images = [.. Enumerable.Range(0, 1000).Select(i => $"/images/machine {i}.vmdk")];
        var shards = Enumerable.Range(1, 8).Select(i => ImagePaths.Shard(images, i, 8)).ToList();
        Assert.Equal(images.Order(StringComparer.Ordinal), shards.SelectMany(s => s).Order(StringComparer.Ordinal));
        Assert.All(shards, s => Assert.InRange(s.Count, 80, 170));
        Assert.Equal(shards[2].Except([images[5]]), ImagePaths.Shard(images.Where((_, i) => i != 5), 3, 8));
        foreach (var wrong in (string[])["0/8", "9/8", "8", "a/b", "1/0", "-1/8"])
        {
            Assert.Equal(1, Tool.Run("check", "x", "--shard=" + wrong).ExitCode);
        }
    }

    [Fact]
    public void After_a_failure_fail_fast_begins_no_further_image()
    {
        var images = Several(2);
        var run = Tool.RunJson(["check", _scratch["missing"], .. images, "--fail-fast", "--jobs", "1"]).MustExit(2);
        Assert.Equal(["error", "skipped", "skipped"],
            run.Json.GetProperty("images").EnumerateArray().Select(i => i.GetProperty("result").GetString()!));
        Assert.Equal(["error", "notReady", "notReady"],
            Tool.RunJson(["check", _scratch["missing"], .. images, "--jobs", "1"]).MustExit(3).Json.GetProperty("images").EnumerateArray()
            .Select(i => i.GetProperty("result").GetString()!));
    }

    private string[] Several(int count)
    {
        Directory.CreateDirectory(_scratch["images"]);
        return [.. Enumerable.Range(1, count).Select(i =>
        {
            var path = _scratch[$"images/m{i}.raw"];
            Oracle.Run("cp", "--sparse=always", Raw(), path).MustSucceed();
            return path;
        })];
    }

    private string Raw() => machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress);
}
