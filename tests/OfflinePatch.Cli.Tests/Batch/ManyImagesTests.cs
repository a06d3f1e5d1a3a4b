using OfflinePatch.Cli.Tests.Documents;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Batch;

/// <summary>
/// Batches of images of mixed formats and defects, some of them broken: all finish right, and a batch that is killed again and again comes
/// to the same end.
/// </summary>
[Trait("tier", "e2e")]
public sealed class ManyImagesTests(Machines machines) : IClassFixture<Machines>
{
    private const long Moment = 1_700_000_000;
    private static readonly string[] Formats = ["raw", "qcow2", "vmdk", "vhdx", "vdi"];
    private static readonly Defect[] Kinds = [Defect.StaticAddress, Defect.StaticAddress, Defect.StaticAddress, Defect.Hibernated,
        Defect.DirtyVolume];

    [SkippableFact]
    public void Twelve_images_finish_right() => Run(12, broken: 2);

    [SkippableFact]
    [Trait("speed", "slow")]
    public void A_hundred_images_finish_right() => Run(100, broken: 5);

    [SkippableFact]
    public void A_batch_that_is_killed_and_restarted_comes_to_the_same_end() => Kill(images: 6, kills: 4);

    [SkippableFact]
    [Trait("speed", "slow")]
    public void A_batch_that_is_killed_twenty_times_and_restarted_comes_to_the_same_end() => Kill(images: 20, kills: 20);

    private void Run(int count, int broken)
    {
        using var scratch = new ScratchFolder();
        var expected = Make(scratch["images"], count, broken);
        var run = Tool.Run("fix", scratch["images"], "--jobs", "2", "--only", "network.*", "--json-lines").MustExit(4);
        var results = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => SchemaJudge.Require(l).GetProperty("images")[0])
            .ToDictionary(i => i.GetProperty("path").GetString()!, i => i.GetProperty("result").GetString()!, StringComparer.Ordinal);
        Assert.Equal(expected.OrderBy(e => e.Key, StringComparer.Ordinal), results.OrderBy(r => r.Key, StringComparer.Ordinal));
        Assert.Equal(count, run.Error.Split('\n').Count(l => l.StartsWith('[')));
        foreach (var path in expected.Where(e => e.Value == "rulesPass").Select(e => e.Key))
        {
            Assert.True(File.Exists(path + ".offlinepatch-undo"));
        }

        // A second run finds the same, and writes nothing.
        var times = Directory.GetFiles(scratch["images"]).ToDictionary(f => f, File.GetLastWriteTimeUtc, StringComparer.Ordinal);
        Tool.Run("fix", scratch["images"], "--jobs", "2", "--only", "network.*", "-q").MustExit(4);
        Assert.All(times, t => Assert.Equal(t.Value, File.GetLastWriteTimeUtc(t.Key)));
    }

    private void Kill(int images, int kills)
    {
        using var scratch = new ScratchFolder();
        var code = Make(scratch["once"], images, broken: 1).ContainsValue("refused") ? 4 : 2;
        Make(scratch["killed"], images, broken: 1);
        Tool.RunAt(Moment, "fix", scratch["once"], "--jobs", "2", "--only", "network.*", "-q").MustExit(code);
        var random = new Random(7);
        for (var i = 0; i < kills; i++)
        {
            using var process = Start(scratch["killed"]);
            if (!process.WaitForExit(random.Next(100, 1500)))
            {
                process.Kill();
                process.WaitForExit();
            }
        }

        Tool.RunAt(Moment, "fix", scratch["killed"], "--jobs", "2", "--only", "network.*", "-q").MustExit(code);
        foreach (var path in Directory.GetFiles(scratch["once"]).Where(p => !p.Contains("offlinepatch-undo", StringComparison.Ordinal)))
        {
            var other = Path.Combine(scratch["killed"], Path.GetFileName(path));

            // qemu-img gives each VMDK and VHDX ids of its own: then the disks are compared.
            var isSame = SparseHash.Of(path) == SparseHash.Of(other) || Tool.Run("compare", path, other).ExitCode == 0;
            Assert.True(isSame, $"{Path.GetFileName(path)} differs");
            Assert.Equal(File.Exists(path + ".offlinepatch-undo"), File.Exists(other + ".offlinepatch-undo"));
        }
    }

    private static System.Diagnostics.Process Start(string folder)
    {
        var start = new System.Diagnostics.ProcessStartInfo(Tool.Path)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var word in (string[])["fix", folder, "--jobs", "2", "--only", "network.*", "-q"])
        {
            start.ArgumentList.Add(word);
        }

        start.Environment["SOURCE_DATE_EPOCH"] = $"{Moment}";
        return System.Diagnostics.Process.Start(start)!;
    }

    /// <summary>Makes images, and says what must become of each.</summary>
    private Dictionary<string, string> Make(string folder, int count, int broken)
    {
        Oracle.Require("qemu-img");
        Directory.CreateDirectory(folder);
        var expected = new Dictionary<string, string>(StringComparer.Ordinal);
        var converted = new Dictionary<(string, Defect), string>();
        for (var i = 0; i < count; i++)
        {
            var format = Formats[i % Formats.Length];
            var path = Path.Combine(folder, $"machine {i:000}.{format}");
            if (i % Math.Max(1, count / broken) == 1 && expected.Values.Count(v => v == "error") < broken)
            {
                File.WriteAllBytes(path, [.. "QFI\u00fb not an image"u8, .. new byte[1000]]);
                expected.Add(path, "error");
                continue;
            }

            var defect = Kinds[i / 2 % Kinds.Length];
            if (!converted.TryGetValue((format, defect), out var first))
            {
                var raw = machines.Raw("win2019", MachineFirmware.Bios, defect);
                string[] line = format == "raw" ? ["cp", "--sparse=always", raw, path]
                    : ["qemu-img", "convert", "-f", "raw", "-O", format, raw, path];
                Oracle.Run(line[0], line[1..]).MustSucceed();
                converted.Add((format, defect), path);
            }
            else
            {
                Oracle.Run("cp", "--sparse=always", first, path).MustSucceed();
            }

            expected.Add(path, defect == Defect.StaticAddress ? "rulesPass" : "refused");
        }

        return expected;
    }
}
