using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Tests.Format;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Volume;

/// <summary>
/// Volumes that are extended: judged by ntfsfix, ntfsinfo, ntfsresize, ntfs_strict.py, ntfsck where it is there, a full read by ntfs-3g,
/// and by what ntfsresize itself makes of the same volume.
/// </summary>
public sealed class GrowthTests
{
    private const long MiB = 1024 * 1024;
    private const int Sector = 512;

    public static TheoryData<int, long, long> Shapes => new()
    {
        // cluster, length before, length after
        { 512, 8 * MiB, 9 * MiB },
        { 512, 8 * MiB, 40 * MiB },
        { 1024, 16 * MiB, 50 * MiB },
        { 2048, 16 * MiB, (100 * MiB) + 512 },
        { 4096, 32 * MiB, (32 * MiB) + 512 }, // less than a cluster
        { 4096, 32 * MiB, (32 * MiB) + 4096 }, // one cluster
        { 4096, 32 * MiB, 33 * MiB },
        { 4096, (127 * MiB) + 4096, 128 * MiB }, // $Bitmap is at the end of its cluster
        { 4096, 32 * MiB, 1024 * MiB },
        { 8192, 64 * MiB, 700 * MiB },
        { 65536, 128 * MiB, 600 * MiB },
        { 2 * 1024 * 1024, 512 * MiB, 1024 * MiB },
    };

    [SkippableTheory, MemberData(nameof(Shapes)), Trait("tier", "oracle")]
    public void Judges_find_nothing_and_ntfs3g_reads_every_file(int cluster, long before, long after)
    {
        using var disk = new MemoryDevice(after);
        var files = Fill(disk, cluster, before, keepFree: before / 4);
        using var volume = new SubDevice(disk, 0, after);
        var growth = new NtfsGrowth(volume);
        Assert.True(growth.IsNeeded);
        Assert.Equal(after - before, growth.Bytes);
        Assert.True(growth.Apply());
        Assert.Empty(growth.CheckResult());
        Assert.Empty(NtfsChecker.Check(volume, new NtfsCheckOptions()));

        using var scratch = new ScratchFolder();
        VolumeOracles.Save(volume, scratch["volume.img"]);
        var complaints = VolumeOracles.Complaints(scratch["volume.img"], sleuthkit: cluster <= 65536);
        Assert.True(complaints.Count == 0, string.Join("\n", complaints));
        if (cluster <= 65536)
        {
            Ntfs3gReader.AssertSame(scratch, "volume.img", files);
        }
    }

    [SkippableTheory, Trait("tier", "oracle")]
    [InlineData(4096, 65 * MiB)]
    [InlineData(4096, (64 * MiB) + 4096)]
    [InlineData(65536, 400 * MiB)]
    public void A_volume_with_large_sectors_is_extended(int cluster, long after)
    {
        using var disk = new MemoryDevice(after, 4096);
        using (var small = new SubDevice(disk, 0, 64 * MiB))
        {
            NtfsFormatter.Format(small, new NtfsFormatOptions { ClusterSize = cluster });
        }

        Assert.True(new NtfsGrowth(disk).Apply());
        Assert.Empty(NtfsChecker.Check(disk, new NtfsCheckOptions()));
        Assert.Equal((after / 4096) - 1, VolumeGeometry.Read(disk).TotalSectors);
        using var scratch = new ScratchFolder();
        VolumeOracles.Save(disk, scratch["volume.img"]);
        var complaints = VolumeOracles.Complaints(scratch["volume.img"], sleuthkit: false);
        Assert.True(complaints.Count == 0, string.Join("\n", complaints));
    }

    /// <summary>The structures that ntfsresize writes for the same growth: total sectors, bits, lengths of $Bitmap and $Bad.</summary>
    [SkippableTheory, Trait("tier", "oracle")]
    [InlineData(512, 8 * MiB, 20 * MiB)]
    [InlineData(4096, 32 * MiB, 33 * MiB)]
    [InlineData(4096, 32 * MiB, 1024 * MiB)]
    [InlineData(65536, 128 * MiB, 600 * MiB)]
    public void Ntfsresize_makes_the_same(int cluster, long before, long after)
    {
        Oracle.Require("ntfsresize");
        using var disk = new MemoryDevice(after);
        Fill(disk, cluster, before, keepFree: before / 4);
        using var scratch = new ScratchFolder();
        using (var small = new SubDevice(disk, 0, before))
        {
            VolumeOracles.Save(small, scratch["theirs.img"]);
        }

        using (var file = new FileStream(scratch["theirs.img"], FileMode.Open))
        {
            file.SetLength(after);
        }

        var run = Oracle.Run("/bin/sh", "-c", $"echo y | ntfsresize --force --force {scratch["theirs.img"]}");
        Assert.True(run.ExitCode == 0, run.Output + run.Error);
        using var ours = new SubDevice(disk, 0, after);
        Assert.True(new NtfsGrowth(ours).Apply());
        using var theirs = HostFileDevice.Open(scratch["theirs.img"]);
        Assert.Equal(Describe(theirs).Clusters, Describe(ours).Clusters); // ntfsresize cuts the sectors to whole clusters, Windows does not
        Assert.Equal(Describe(theirs).BadLength, Describe(ours).BadLength);
        Assert.Equal(Describe(theirs).BitmapLength, Describe(ours).BitmapLength);
        Assert.Equal(Describe(theirs).Free, Describe(ours).Free);
    }

    /// <summary>Volumes that Windows made: the checkers complain of nothing new, and every file is read as before.</summary>
    [SkippableTheory, Trait("tier", "oracle")]
    [MemberData(nameof(CorpusVolume.All), MemberType = typeof(CorpusVolume))]
    public void A_volume_of_windows_is_extended(string name, long start)
    {
        using var old = CorpusVolume.Load(name, start);
        var findings = NtfsChecker.Check(old, new NtfsCheckOptions { CheckState = false }).Select(f => f.Code).ToHashSet();
        using var disk = new MemoryDevice((old.Length * 3) + (77 * Sector));
        for (long at = 0; at < old.Length; at += MiB)
        {
            disk.Write(at, Read(old, at, (int)Math.Min(MiB, old.Length - at)));
        }

        List<(string Path, bool IsDirectory, byte[] Content)> files;
        using (var volume = NtfsVolume.Open(old))
        {
            Skip.If(volume.State.WriteProblem is not null, "the volume is not clean");
            files = [.. volume.Walk().Select(e => (e.Path, e.Entry.IsDirectory, e.Entry.IsDirectory ? [] : volume.ReadFile(e.Path)))];
        }

        var growth = new NtfsGrowth(disk);
        Assert.True(growth.Apply());
        Assert.DoesNotContain(growth.CheckResult(), f => f.IsError && !findings.Contains(f.Code));
        Assert.DoesNotContain(NtfsChecker.Check(disk, new NtfsCheckOptions { CheckState = false }), f => !findings.Contains(f.Code));
        using var scratch = new ScratchFolder();
        VolumeOracles.Save(disk, scratch["volume.img"]);
        foreach (var (program, arguments) in new[] { ("ntfsfix", "-n"), ("ntfsresize", "-fi") })
        {
            Oracle.Require(program);
            Oracle.Run(program, arguments, scratch["volume.img"]).MustSucceed();
        }

        if (findings.Count == 0)
        {
            Assert.Null(VolumeOracles.CheckersComplain(scratch["volume.img"]));
        }

        Ntfs3gReader.AssertSame(scratch, "volume.img", files);
    }

    /// <summary>A full volume, and one in crumbs: $Bitmap finds its clusters in the new part.</summary>
    [SkippableTheory, Trait("tier", "oracle")]
    [InlineData(512, true)]
    [InlineData(512, false)]
    [InlineData(4096, true)]
    [InlineData(4096, false)]
    public void A_bitmap_grows_where_no_cluster_is_free(int cluster, bool isFull)
    {
        var before = 24 * MiB;
        var after = cluster == 512 ? 64 * MiB : 512 * MiB;
        using var disk = new MemoryDevice(after);
        var files = Fill(disk, cluster, before, keepFree: 0, crumbs: !isFull);
        using var volume = new SubDevice(disk, 0, after);
        disk.Write(before, Enumerable.Repeat((byte)0xA5, (int)MiB).ToArray()); // old bytes of the disk, where $Bitmap goes on
        Assert.True(new NtfsGrowth(volume).Apply());
        Assert.Empty(NtfsChecker.Check(volume, new NtfsCheckOptions()));
        using var scratch = new ScratchFolder();
        VolumeOracles.Save(volume, scratch["volume.img"]);
        var complaints = VolumeOracles.Complaints(scratch["volume.img"]);
        Assert.True(complaints.Count == 0, string.Join("\n", complaints));
        Ntfs3gReader.AssertSame(scratch, "volume.img", files);
    }

    /// <summary>Every step by one sector up to more than a cluster, then many at random, each on the result of the one before.</summary>
    [Fact, Trait("tier", "model")]
    public void Growth_upon_growth_stays_whole()
    {
        var random = new Random(11);
        foreach (var cluster in new[] { 512, 4096 })
        {
            var length = 8 * MiB;
            using var disk = new MemoryDevice(256 * MiB);
            Fill(disk, cluster, length, keepFree: MiB);
            for (var step = 0; step < 60; step++)
            {
                length += step < 20 ? Sector : random.Next(1, 6000) * Sector;
                using var volume = new SubDevice(disk, 0, length);
                var growth = new NtfsGrowth(volume);
                Assert.True(growth.Apply());
                Assert.Empty(growth.CheckResult());
                Assert.Empty(NtfsChecker.Check(volume, new NtfsCheckOptions()));
                Assert.False(new NtfsGrowth(volume).Apply());
            }
        }
    }

    /// <summary>New clusters are given to files, and old ones are not.</summary>
    [Fact, Trait("tier", "unit")]
    public void The_new_space_takes_files()
    {
        using var disk = new MemoryDevice(64 * MiB);
        var files = Fill(disk, 4096, 16 * MiB, keepFree: 0);
        using var device = new SubDevice(disk, 0, 64 * MiB);
        Assert.True(new NtfsGrowth(device).Apply());
        var large = new byte[40 * MiB];
        new Random(5).NextBytes(large);
        using (var volume = NtfsVolume.Open(device))
        {
            volume.WriteFile("large.bin", large);
            volume.Flush();
        }

        Assert.Empty(NtfsChecker.Check(device, new NtfsCheckOptions()));
        using var again = NtfsVolume.Open(device);
        Assert.Equal(large, again.ReadFile("large.bin"));
        Assert.All(files.Where(f => !f.IsDirectory), f => Assert.Equal(f.Content, again.ReadFile(f.Path)));
    }

    [Fact, Trait("tier", "unit")]
    public void The_boot_sector_has_one_copy_at_the_new_end_and_its_code_stays()
    {
        using var disk = new MemoryDevice(16 * MiB);
        Fill(disk, 4096, 8 * MiB, keepFree: MiB);
        var before = Read(disk, 0, Sector);
        Assert.Equal(before, Read(disk, (8 * MiB) - Sector, Sector));
        using var device = new SubDevice(disk, 0, 16 * MiB);
        Assert.True(new NtfsGrowth(device).Apply());
        var after = Read(disk, 0, Sector);
        Assert.Equal(after, Read(disk, (16 * MiB) - Sector, Sector));
        Assert.Equal(-1, Read(disk, (8 * MiB) - Sector, Sector).AsSpan().IndexOfAnyExcept((byte)0));
        BinaryPrimitives.WriteInt64LittleEndian(before.AsSpan(0x28), (16 * MiB / Sector) - 1);
        Assert.Equal(before, after);
    }

    /// <summary>16 TiB are the end with 4 KiB clusters; 128 TiB are the end of what is proven. Nothing is written.</summary>
    [Theory, Trait("tier", "unit")]
    [InlineData(512, 2L << 40)]
    [InlineData(4096, 16L << 40)]
    [InlineData(65536, 128L << 40)]
    [InlineData(65536, 1L << 60)]
    public void A_volume_over_the_limit_is_refused(int cluster, long limit)
    {
        using var disk = new MemoryDevice(128 * MiB);
        Fill(disk, cluster, 128 * MiB, keepFree: 32 * MiB);
        Assert.Equal("NTFS-0328", Assert.Throws<RefusedException>(() => new NtfsGrowth(disk, null, limit + MiB).Check()).Code);
        if (limit < 1L << 60)
        {
            new NtfsGrowth(disk, null, limit - MiB).Check();
        }
    }

    [Fact, Trait("tier", "unit")]
    public void What_is_not_safe_to_write_is_refused_and_stays_as_it_is()
    {
        using var disk = new MemoryDevice(16 * MiB);
        Fill(disk, 4096, 8 * MiB, keepFree: MiB);
        SetVolumeFlags(disk, 1);
        var before = Read(disk, 0, (int)disk.Length);
        using var device = new SubDevice(disk, 0, 16 * MiB);
        Assert.Equal("NTFS-0329", Assert.Throws<RefusedException>(() => new NtfsGrowth(device).Apply()).Code);
        Assert.Equal(before, Read(disk, 0, (int)disk.Length));

        SetVolumeFlags(disk, 0);
        FreeBitOfRoot(disk);
        before = Read(disk, 0, (int)disk.Length);
        Assert.Equal("NTFS-0304", Assert.Throws<RefusedException>(() => new NtfsGrowth(device).Apply()).Code);
        Assert.Equal(before, Read(disk, 0, (int)disk.Length));
    }

    [Fact, Trait("tier", "unit")]
    public void A_moved_volume_knows_its_place_where_it_knew_it_before()
    {
        using var disk = new MemoryDevice(8 * MiB);
        NtfsFormatter.Format(disk, new NtfsFormatOptions { HiddenSectors = 2048 });
        new NtfsBootSectors(disk).MoveTo(4096, 9999);
        Assert.Equal(2048u, VolumeGeometry.Read(disk).HiddenSectors);
        new NtfsBootSectors(disk).MoveTo(2048, 9999);
        Assert.Equal(9999u, VolumeGeometry.Read(disk).HiddenSectors);
        Assert.Equal(Read(disk, 0, Sector), Read(disk, (8 * MiB) - Sector, Sector));
        new NtfsBootSectors(disk).MoveTo(9999, 1L << 33);
        Assert.Equal(0u, VolumeGeometry.Read(disk).HiddenSectors);
    }

    /// <summary>Formats the first part of a disk, and fills it with files up to what is to stay free.</summary>
    private static List<(string Path, bool IsDirectory, byte[] Content)> Fill(
        MemoryDevice disk, int cluster, long length, long keepFree, bool crumbs = false)
    {
        using var device = new SubDevice(disk, 0, length);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = cluster, Label = "grows" });
        using var volume = NtfsVolume.Open(device);
        var random = new Random(cluster);
        var files = new List<(string, bool, byte[])> { ("folder", true, []) };
        volume.CreateDirectory("folder");
        for (var i = 0; i < 40; i++)
        {
            Add($"folder\\file {i}.bin", random.Next(1, 3 * cluster));
        }

        if (crumbs)
        {
            var size = Math.Max(2 * cluster, 4096);
            var many = 0;
            for (; many < 400; many++)
            {
                Add($"folder\\crumb {many}", size);
            }

            AddRest();
            for (var i = 0; i < many; i += 2)
            {
                volume.Delete($"folder\\crumb {i}");
                files.RemoveAll(f => f.Item1 == $"folder\\crumb {i}");
            }
        }
        else
        {
            AddRest();
        }

        volume.Flush();
        return files;

        void AddRest()
        {
            while (volume.FreeBytes - keepFree - (64L * cluster) is > 0 and var rest && Math.Min(rest, MiB) >= 4 * cluster)
            {
                Add($"folder\\rest {files.Count}", (int)Math.Min(rest, MiB));
            }
        }

        void Add(string path, int size)
        {
            var content = new byte[size];
            random.NextBytes(content);
            volume.WriteFile(path, content);
            files.Add((path, false, content));
        }
    }

    private static (long Clusters, long BadLength, long BitmapLength, long Free) Describe(BlockDevice device)
    {
        using var volume = NtfsVolume.Open(device, new NtfsOpenOptions { ShowMetafiles = true });
        return (volume.Geometry.ClusterCount, volume.Find("$BadClus:$Bad")!.Value.Length, volume.Find("$Bitmap")!.Value.Length,
            volume.FreeBytes / volume.ClusterSize);
    }

    private static void SetVolumeFlags(MemoryDevice disk, byte flags) => Edit(disk, FileReference.VolumeRecord, record =>
    {
        for (var at = (int)BinaryPrimitives.ReadUInt16LittleEndian(record[0x14..]); ;)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(record[at..]) == 0x70)
            {
                record[at + BinaryPrimitives.ReadUInt16LittleEndian(record[(at + 0x14)..]) + 0x0A] = flags;
                return;
            }

            at += (int)BinaryPrimitives.ReadUInt32LittleEndian(record[(at + 4)..]);
        }
    });

    private delegate void RecordEdit(Span<byte> record);

    private static void Edit(MemoryDevice disk, long number, RecordEdit edit)
    {
        var geometry = VolumeGeometry.Read(disk);
        var place = (geometry.MftLcn * geometry.ClusterSize) + (number * geometry.RecordSize);
        var record = Read(disk, place, geometry.RecordSize);
        Assert.True(UpdateSequence.TryDecode(record));
        edit(record);
        Assert.True(UpdateSequence.TryEncode(record));
        disk.Write(place, record);
    }

    /// <summary>Marks the boot sector's cluster as free.</summary>
    private static void FreeBitOfRoot(MemoryDevice disk)
    {
        using var volume = NtfsVolume.Open(disk);
        var run = volume.Core.Nodes.Get(FileReference.BitmapRecord).Find(AttributeType.Data, "")!.Runs.Runs[0];
        var place = run.Lcn * volume.ClusterSize;
        disk.Write(place, [(byte)(Read(disk, place, 1)[0] & 0xFE)]);
    }

    private static byte[] Read(BlockDevice disk, long offset, int count)
    {
        var bytes = new byte[count];
        disk.Read(offset, bytes);
        return bytes;
    }
}
