using OfflinePatch.Core;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Tests.Format;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Volume;

/// <summary>50 files and a directory of 500 on every volume that Windows made: what was there stays, and every judge is content.</summary>
public sealed class CorpusWriteTests
{
    [SkippableTheory, Trait("tier", "oracle")]
    [MemberData(nameof(CorpusVolume.All), MemberType = typeof(CorpusVolume))]
    public void Fifty_files_and_a_directory_of_500(string name, long start)
    {
        using var device = CorpusVolume.Load(name, start);
        using var volume = NtfsVolume.Open(device);
        var expected = volume.Walk()
            .Select(e => (e.Path, e.Entry.IsDirectory, Content: e.Entry.IsDirectory ? [] : volume.ReadFile(e.Path))).ToList();
        var random = new Random(50);
        var full = false;
        try
        {
            Put("op test", null);
            for (var i = 0; i < 50; i++)
            {
                Put($"op test\\file {i}.bin", Bytes(i < 40 ? i * 37 : i * 511));
            }

            Put("op test\\wide", null);
            for (var i = 0; i < 500; i++)
            {
                Put($"op test\\wide\\a rather long name for number {i * 7919 % 100003}.txt", Bytes(i % 50 == 0 ? 9000 : i % 300));
            }
        }
        catch (RefusedException error) when (error.Code == "NTFS-0401")
        {
            full = true;
        }

        // this volume has 36 free clusters
        Assert.Equal(name.Contains("large-directory", StringComparison.Ordinal), full);
        volume.Flush();
        HealthyAndSame(device, expected);

        byte[] Bytes(int length)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            return bytes;
        }

        void Put(string path, byte[]? content)
        {
            if (content is null)
            {
                volume.CreateDirectory(path);
            }
            else
            {
                volume.WriteFile(path, content);
            }

            expected.Add((path, content is null, content ?? []));
        }
    }

    [SkippableTheory, Trait("tier", "oracle")]
    [MemberData(nameof(CorpusVolume.All), MemberType = typeof(CorpusVolume))]
    public void Deleting_what_was_added_leaves_the_volume_healthy(string name, long start)
    {
        using var device = CorpusVolume.Load(name, start);
        using var volume = NtfsVolume.Open(device);
        var expected = volume.Walk()
            .Select(e => (e.Path, e.Entry.IsDirectory, Content: e.Entry.IsDirectory ? [] : volume.ReadFile(e.Path))).ToList();
        var free = volume.FreeBytes;
        volume.CreateDirectory("new");
        for (var i = 0; i < 60; i++)
        {
            volume.WriteFile($"new\\{i} with a name that fills index blocks quickly, so that they are split.txt", new byte[i]);
        }

        volume.Flush();
        for (var i = 59; i >= 0; i--)
        {
            volume.Delete($"new\\{i} with a name that fills index blocks quickly, so that they are split.txt");
        }

        volume.Delete("new");
        volume.Flush();
        HealthyAndSame(device, expected);
        using var again = NtfsVolume.Open(device);
        Assert.InRange(free - again.FreeBytes, 0, Math.Max(512 * 1024, again.ClusterSize));
    }

    [SkippableTheory, Trait("tier", "layout")]
    [MemberData(nameof(CorpusVolume.All), MemberType = typeof(CorpusVolume))]
    public void Nothing_is_written_before_the_flush_into_what_is_owned(string name, long start)
    {
        using var device = CorpusVolume.Load(name, start);
        using var volume = NtfsVolume.Open(device);
        volume.CreateDirectory("a\\b");
        volume.WriteFile("a\\b\\c.txt", new byte[20]);
        using var other = NtfsVolume.Open(device);
        Assert.Null(other.Find("a"));
        HealthyVolume(device);
        volume.Flush();
        using var after = NtfsVolume.Open(device);
        Assert.Equal(20, after.Find("A\\B\\C.TXT")!.Value.Length);
        HealthyVolume(device);
    }

    private static void HealthyVolume(BlockDevice device)
    {
        var findings = NtfsChecker.Check(device).Where(f => f.Severity == FindingSeverity.Error).ToList();
        Assert.True(findings.Count == 0, string.Join("\n", findings.Take(10)));
    }

    private static void HealthyAndSame(BlockDevice device, List<(string Path, bool IsDirectory, byte[] Content)> expected)
    {
        HealthyVolume(device);
        using var scratch = new ScratchFolder();
        VolumeOracles.Save(device, scratch["volume.img"]);
        var isHuge = VolumeGeometry.Read(device).ClusterSize > 65536;
        Assert.Empty(VolumeOracles.Complaints(scratch["volume.img"], sleuthkit: !isHuge));
        Ntfs3gReader.AssertSame(scratch, "volume.img", expected);
    }
}
