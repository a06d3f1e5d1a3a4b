using System.Security.Cryptography;
using OfflinePatch.Ntfs.LogState;
using OfflinePatch.Ntfs.Replay;
using OfflinePatch.Ntfs.Tests.Format;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Volume;

/// <summary>Everything on the volumes that Windows made, read by us and by ntfs-3g.</summary>
public sealed class CorpusReadTests
{
    [SkippableTheory, Trait("tier", "oracle")]
    [MemberData(nameof(CorpusVolume.All), MemberType = typeof(CorpusVolume))]
    public void Every_stream_is_the_same_as_for_ntfs3g(string name, long start)
    {
        using var device = CorpusVolume.Load(name, start);
        using var volume = NtfsVolume.Open(device);
        using var scratch = new ScratchFolder();
        VolumeOracles.Save(device, scratch["volume.img"]);
        Ntfs3gReader.Mounted(scratch, "volume.img", mount =>
        {
            var seen = Directory.EnumerateFileSystemEntries(mount, "*", SearchOption.AllDirectories)
                .Select(p => Path.GetRelativePath(mount, p)).ToHashSet(StringComparer.Ordinal);
            foreach (var entry in volume.Walk())
            {
                var path = entry.Path.Replace('\\', '/');
                Assert.True(seen.Remove(path), $"only we list {path}");
                var file = volume.OpenFile(entry.Reference);
                Assert.Equal(entry.Entry.IsDirectory, Directory.Exists(Path.Combine(mount, path)));
                if (!entry.Entry.IsDirectory)
                {
                    Assert.Equal(File.GetLastWriteTimeUtc(Path.Combine(mount, path)), entry.Entry.LastWriteTimeUtc);
                }

                foreach (var stream in file.Streams)
                {
                    var suffix = stream.Name.Length == 0 ? "" : ":" + stream.Name;
                    using var ours = volume.OpenRead(entry.Path + suffix);
                    using var theirs = File.OpenRead(Path.Combine(mount, path) + suffix);
                    Assert.Equal(SHA256.HashData(theirs), SHA256.HashData(ours));
                }
            }

            Assert.Empty(seen);
        });
    }

    [SkippableFact, Trait("tier", "layout")]
    public void A_volume_that_Windows_10_made()
    {
        using var device = CorpusVolume.Load("ntfs/ntfs-2m.raw", 65536);
        using var volume = NtfsVolume.Open(device);
        Assert.Equal(2 * 1024 * 1024, volume.ClusterSize);
        Assert.Equal("2M", volume.NtfsState.Label);
        Assert.Equal(1027604480, volume.FreeBytes);
        Assert.Equal((3, 1), (volume.NtfsState.MajorVersion, volume.NtfsState.MinorVersion));
        Assert.Null(volume.State.WriteProblem);
        Assert.False(volume.NtfsState.IsDirty);
        Assert.Equal(LogFileState.Clean, volume.NtfsState.LogFile);
        Assert.Null(volume.Find("no such file"));
        Assert.Equal(131072, volume.Find("$UpCase")!.Value.Length);
        Assert.DoesNotContain(volume.Enumerate(""), e => e.Name == "$MFT");
    }

    [SkippableFact, Trait("tier", "layout")]
    public void Alternate_streams()
    {
        using var device = CorpusVolume.Load("ntfs/charlie.dd", 0);
        using var volume = NtfsVolume.Open(device);
        Assert.Equal(["", "111", "222", "333"], volume.OpenFile("nine.TXT")!.Streams.Select(s => s.Name).Order());
        using var stream = volume.OpenRead("Nine.txt:222");
        Assert.Equal("90190C1D304CAB72B3ABDEA9667DEA22968E08D460FD26A0197F491CE5568E2E", Convert.ToHexString(SHA256.HashData(stream)));
    }

    [SkippableFact, Trait("tier", "layout")]
    public void A_directory_of_2200_entries_in_order_and_each_found()
    {
        using var device = CorpusVolume.Load("ntfs/large-directory.bin", 0);
        using var volume = NtfsVolume.Open(device);
        var largest = volume.Walk().Where(e => e.Entry.IsDirectory).Select(e => e.Path).MaxBy(p => volume.Enumerate(p).Count())!;
        var names = volume.Enumerate(largest).Select(e => e.Name).ToList();
        Assert.True(names.Count > 2000);
        for (var i = 1; i < names.Count; i++)
        {
            Assert.True(NtUpcase.Compare(names[i - 1], names[i]) < 0);
        }

        Assert.All(names, n => Assert.NotNull(volume.Find($"{largest}/{n}")));
    }
}
