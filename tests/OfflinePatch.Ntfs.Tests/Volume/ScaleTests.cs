using OfflinePatch.Core;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Tests.Format;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Volume;

/// <summary>Wide directories and many of them.</summary>
public sealed class ScaleTests
{
    [Theory, Trait("tier", "model")]
    [InlineData(1, 6000)]
    [InlineData(200, 20)]
    public void Many_files(int directories, int files) => Fill(directories, files, judge: false);

    [SkippableTheory, Trait("tier", "oracle"), Trait("speed", "slow")]
    [InlineData(1, 100_000)]
    [InlineData(400, 13)]
    public void Very_many_files_for_every_reader(int directories, int files) => Fill(directories, files, judge: true);

    [Fact, Trait("tier", "model")]
    public void A_wide_directory_shrinks_to_nothing_again()
    {
        using var device = new MemoryDevice(64 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = 4096 });
        using var volume = NtfsVolume.Open(device);
        var random = new Random(9);
        var names = Enumerable.Range(0, 4000).Select(i => $"d\\name {i} {new string('x', 1 + (i % 90))}").ToArray();
        volume.CreateDirectory("d");
        foreach (var name in names)
        {
            volume.WriteFile(name, []);
        }

        random.Shuffle(names);
        for (var i = 0; i < names.Length; i++)
        {
            volume.Delete(names[i]);
            if (i % 1000 == 500)
            {
                Assert.Equal(names.Length - i - 1, volume.Enumerate("d").Count());
                Assert.Empty(volume.Check());
            }
        }

        Assert.Empty(volume.Enumerate("d"));
        Assert.Empty(volume.Check());
        volume.Delete("d");
        Assert.Empty(volume.Check());
    }

    private static void Fill(int directories, int files, bool judge)
    {
        using var device = new MemoryDevice(1L << 30);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = 4096 });
        using var volume = NtfsVolume.Open(device);
        var expected = new List<(string, bool, byte[])>();
        for (var d = 0; d < directories; d++)
        {
            volume.CreateDirectory($"directory {d}");
            expected.Add(($"directory {d}", true, []));
            for (var f = 0; f < files; f++)
            {
                var content = BitConverter.GetBytes((d * files) + f);
                volume.WriteFile($"directory {d}\\file {f * 7919L % 1_000_003}.txt", content);
                expected.Add(($"directory {d}\\file {f * 7919L % 1_000_003}.txt", false, content));
            }
        }

        volume.Flush();
        Assert.Empty(NtfsChecker.Check(device));
        using var again = NtfsVolume.Open(device);
        Assert.Equal(expected.Count, again.Walk().Count());
        if (judge)
        {
            using var scratch = new ScratchFolder();
            VolumeOracles.Save(device, scratch["volume.img"]);
            Assert.Empty(VolumeOracles.Complaints(scratch["volume.img"]));
            Ntfs3gReader.AssertSame(scratch, "volume.img", expected);
        }
    }
}
