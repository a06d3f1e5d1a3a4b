using System.Security.Cryptography;
using OfflinePatch.Fixtures;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>A volume of Windows without room: whatever writes is refused by that name (exit code 4), and nothing changes.</summary>
[Trait("tier", "e2e")]
public sealed class FullVolumeTests(Machines machines) : IClassFixture<Machines>
{
    [Fact]
    public void What_has_no_room_is_refused_and_no_driver_is_blamed_for_it()
    {
        using var scratch = new ScratchFolder();
        var image = scratch["full.raw"];
        MachineImage.Write(image, new MachineSpec
        {
            Generation = Generation.Get("win2019"),
            Formatter = VolumeMaker.Own,
            WindowsPartitionSize = 256 << 20,
            Corpus = Corpus.Root,
        });
        Fill(image, scratch["filler"]);
        File.WriteAllText(scratch["large.reg"], "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Large]\r\n"
            + string.Concat(Enumerable.Range(0, 3000).Select(i => $"\"{i}\"=\"{new string('x', 1000)}\"\r\n")));
        var before = SparseHash.OfAll([image]);
        foreach (var command in (string[][])
        [
            ["fs", "put", image, scratch["filler"], "/again"],
            ["reg", "import", image, scratch["large.reg"]],
            ["drivers", "add", image, machines.Drivers, "--trust-root", SampleRoot.Path],
            ["drivers", "add", image, machines.Drivers, "--trust-root", SampleRoot.Path, "--skip-refused"],
            ["fix", image, "--drivers", machines.Drivers, "--trust-root", SampleRoot.Path],
            ["fix", image, "--drivers", machines.Drivers, "--trust-root", SampleRoot.Path, "--skip-refused"],
            ["fix", image, "-o", scratch["copy.qcow2"], "--cloudbase-init", machines.Agent],
        ])
        {
            var refused = Tool.Run(command).MustExit(4);
            Assert.Contains("NTFS-0401: The volume is full", refused.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("NTFS-0401: NTFS-0401", refused.Output + refused.Error, StringComparison.Ordinal);
            Assert.Equal(before, SparseHash.OfAll([image]));
        }

        Assert.False(File.Exists(scratch["copy.qcow2"]));
        Assert.False(File.Exists(image + ".offlinepatch-undo"));
    }

    /// <summary>Files of half of what is free, until nothing fits.</summary>
    private static void Fill(string image, string file)
    {
        var free = Tool.RunJson("inspect", image).MustExit(0).Image.GetProperty("partitions").EnumerateArray()
            .Single(p => p.TryGetProperty("role", out var role) && role.GetString() == "windows").GetProperty("freeBytes").GetInt64();
        for (var i = 0; free >= 4096; free /= 2, i++)
        {
            File.WriteAllBytes(file, RandomNumberGenerator.GetBytes((int)free));
            while (Tool.Run("fs", "put", image, file, $"/filler{i}", "--no-undo-keep").ExitCode == 0)
            {
                i++;
            }
        }
    }
}
