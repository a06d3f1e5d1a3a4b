using OfflinePatch.Core;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Tests.Format;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Check;

/// <summary>Nothing is found where nothing is wrong.</summary>
public sealed class HealthyVolumeTests
{
    [SkippableTheory, Trait("tier", "layout")]
    [InlineData("ntfs/charlie.dd", 0L)]
    [InlineData("ntfs/large-directory.bin", 0L)]
    [InlineData("ntfs/ntfs-2m.raw", 65536L)]
    [InlineData("ntfs/ntfs-lastaccess.raw", 65536L)]
    [InlineData("ntfs/ntfs-si-vs-fn.raw", 65536L)]
    public void Nothing_on_volumes_that_Windows_made(string name, long start)
    {
        using var disk = Corpus.ReadSparse(name);
        using var volume = new SubDevice(disk, start, disk.Length - start);
        AssertNone(NtfsChecker.Check(volume));
    }

    [Theory, MemberData(nameof(FormatterTests.Shapes), MemberType = typeof(FormatterTests)), Trait("tier", "unit")]
    public void Nothing_on_fresh_volumes(long length, int cluster, int sector, int record)
    {
        using var device = new MemoryDevice(length, sector);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = cluster, RecordSize = record });
        AssertNone(NtfsChecker.Check(device));
    }

    [SkippableTheory, Trait("tier", "oracle")]
    [InlineData(512, 512)]
    [InlineData(4096, 512)]
    [InlineData(65536, 512)]
    [InlineData(4096, 4096)]
    public void Nothing_on_volumes_that_mkntfs_made_and_ntfs3g_filled(int cluster, int sector)
    {
        Oracle.Require("mkntfs");
        using var scratch = new ScratchFolder();
        using (var file = File.Create(scratch["volume.img"]))
        {
            file.SetLength(128 * 1024 * 1024);
        }

        Oracle.Run("mkntfs", "-F", "-Q", "-s", $"{sector}", "-c", $"{cluster}", "-p", "0", "-H", "255", "-S", "63", scratch["volume.img"])
            .MustSucceed();
        AssertNone(Load(scratch["volume.img"]));
        FilledVolume.Fill(scratch, "volume.img", 1500);
        AssertNone(Load(scratch["volume.img"]));
    }

    internal static void AssertNone(IReadOnlyList<VolumeFinding> findings) =>
        Assert.True(findings.Count == 0, $"{findings.Count} findings:\n{string.Join("\n", findings.Take(20))}");

    private static IReadOnlyList<VolumeFinding> Load(string path)
    {
        using var device = FilledVolume.Load(path);
        return NtfsChecker.Check(device);
    }
}
