using OfflinePatch.Core;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Tests.Format;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Volume;

/// <summary>A file of which only some ranges change is written there only.</summary>
public sealed class RangeWriteTests
{
    [Fact, Trait("tier", "unit")]
    public void Only_the_named_ranges_are_written()
    {
        using var device = new MemoryDevice(64 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = 4096 });
        var content = Noise(8 << 20, 1);
        using (var first = NtfsVolume.Open(device))
        {
            first.WriteFile("SOFTWARE", content);
            first.Flush();
        }

        var before = new byte[device.Length];
        device.Read(0, before);
        var grown = content.Concat(Noise(10_000, 2)).ToArray();
        Range[] changed = [0..4096, 1_000_000..1_050_000, content.Length..grown.Length];
        Noise(4096, 3).CopyTo(grown, 0);
        Noise(50_000, 4).CopyTo(grown, 1_000_000);
        using (var volume = NtfsVolume.Open(device))
        {
            volume.WriteFile("SOFTWARE", grown, changed);
            volume.Flush();
            Assert.DoesNotContain(volume.Check(), f => f.IsError);
        }

        var differing = 0L;
        var after = new byte[4096];
        for (var offset = 0L; offset < device.Length; offset += after.Length)
        {
            device.Read(offset, after);
            differing += after.AsSpan().SequenceEqual(before.AsSpan((int)offset, after.Length)) ? 0 : after.Length;
        }

        Assert.InRange(differing, 4096 + 50_000 + 10_000, 200_000);
        using var again = NtfsVolume.Open(device);
        Assert.True(grown.AsSpan().SequenceEqual(again.ReadFile("SOFTWARE")));
    }

    [Fact, Trait("tier", "unit")]
    public void What_is_not_named_is_left_and_a_shorter_content_is_written_as_a_whole()
    {
        using var device = new MemoryDevice(32 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = 4096 });
        using var volume = NtfsVolume.Open(device);
        var old = Noise(1 << 20, 5);
        volume.WriteFile("file", old);
        var other = Noise(1 << 20, 6);
        volume.WriteFile("file", other, [8192..12288]);
        var expected = (byte[])old.Clone();
        other.AsSpan(8192, 4096).CopyTo(expected.AsSpan(8192));
        Assert.True(expected.AsSpan().SequenceEqual(volume.ReadFile("file")), "bytes outside of the ranges were written");

        volume.WriteFile("file", other.AsSpan(0, 5000), [0..10]);
        Assert.True(other.AsSpan(0, 5000).SequenceEqual(volume.ReadFile("file")));
        volume.WriteFile("new", other, [0..10]);
        Assert.True(other.AsSpan().SequenceEqual(volume.ReadFile("new")));
    }

    [SkippableFact, Trait("tier", "oracle")]
    public void The_result_is_read_by_ntfs_3g()
    {
        using var device = new MemoryDevice(64 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = 4096 });
        using var volume = NtfsVolume.Open(device);
        var content = Noise(6 << 20, 7);
        volume.WriteFile("SOFTWARE", content);
        volume.Flush();
        Noise(70_000, 8).CopyTo(content, 3_000_001);
        volume.WriteFile("SOFTWARE", content, [2_998_272..3_072_000]);
        volume.Flush();
        Assert.Empty(volume.Check());
        using var scratch = new ScratchFolder();
        VolumeOracles.Save(device, scratch["volume.img"]);
        Assert.Empty(VolumeOracles.Complaints(scratch["volume.img"]));
        Ntfs3gReader.AssertSame(scratch, "volume.img", [("SOFTWARE", false, content)]);
    }

    private static byte[] Noise(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
