using System.Buffers.Binary;
using System.Security.Cryptography;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Format;

public sealed class FormatterTests
{
    private const long MiB = 1024 * 1024;

    public static TheoryData<long, int, int, int> Shapes => new()
    {
        // length, cluster, sector, record
        { 8 * MiB, 512, 512, 1024 },
        { 16 * MiB, 1024, 512, 1024 },
        { 20 * MiB, 2048, 512, 1024 },
        { 32 * MiB, 4096, 512, 1024 },
        { 32 * MiB, 4096, 512, 4096 },
        { (64 * MiB) + 12345, 8192, 512, 1024 },
        { 64 * MiB, 4096, 4096, 4096 },
        { 128 * MiB, 65536, 512, 1024 },
        { 128 * MiB, 65536, 4096, 4096 },
        { 64L * 1024 * MiB, 4096, 512, 1024 },
        { 512 * MiB, 131072, 512, 1024 },
        { 512 * MiB, 2 * 1024 * 1024, 512, 1024 },
        { 512 * MiB, 2 * 1024 * 1024, 512, 4096 },
    };

    [SkippableTheory, MemberData(nameof(Shapes)), Trait("tier", "oracle")]
    public void Judges_find_nothing(long length, int cluster, int sector, int record)
    {
        Skip.If(length > 1024 * MiB && Environment.GetEnvironmentVariable("OFFLINEPATCH_SLOW") is null,
            "a large volume: set OFFLINEPATCH_SLOW");
        using var device = new MemoryDevice(length, sector);
        NtfsFormatter.Format(device,
            new NtfsFormatOptions { ClusterSize = cluster, RecordSize = record, Label = "Ärger 测试", HiddenSectors = 2048 });
        using var scratch = new ScratchFolder();
        VolumeOracles.Save(device, scratch["volume.img"]);
        var complaints = VolumeOracles.Complaints(scratch["volume.img"], sleuthkit: cluster <= 65536 && sector == 512);
        Assert.True(complaints.Count == 0, string.Join("\n", complaints));
    }

    /// <summary>What a BIOS boot sector is started with: the geometry that Windows writes for every disk of some size.</summary>
    [Fact, Trait("tier", "layout")]
    public void The_boot_sector_has_the_geometry_of_large_disks()
    {
        using var device = new MemoryDevice(16 * MiB);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = 4096, HiddenSectors = 2048 });
        foreach (var sector in (long[])[0, (16 * MiB) - 512])
        {
            var boot = new byte[512];
            device.Read(sector, boot);
            Assert.Equal((63, 255, 2048u, 0x00800080u), (BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(0x18)),
                BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(0x1A)), BinaryPrimitives.ReadUInt32LittleEndian(boot.AsSpan(0x1C)),
                BinaryPrimitives.ReadUInt32LittleEndian(boot.AsSpan(0x24))));
        }
    }

    /// <summary>ntfs-3g mounts a new volume for writing, fills it with 400 files, and the judges still find nothing.</summary>
    [SkippableTheory, Trait("tier", "oracle")]
    [InlineData(512)]
    [InlineData(4096)]
    [InlineData(65536)]
    public void Ntfs3g_writes_to_a_new_volume(int cluster)
    {
        Oracle.Require("ntfs-3g", "umount");
        Skip.If(!File.Exists("/dev/fuse"), "no /dev/fuse");
        using var device = new MemoryDevice(128 * MiB);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = cluster });
        using var scratch = new ScratchFolder();
        VolumeOracles.Save(device, scratch["volume.img"]);
        Directory.CreateDirectory(scratch["mount"]);
        Skip.If(Oracle.Run("ntfs-3g", scratch["volume.img"], scratch["mount"]) is { ExitCode: not 0 } refused, "ntfs-3g cannot mount here");
        try
        {
            Directory.CreateDirectory(scratch["mount/deep/er"]);
            var random = new Random(cluster);
            for (var i = 0; i < 400; i++)
            {
                var content = new byte[random.Next(i % 10 == 0 ? 100_000 : 3000)];
                random.NextBytes(content);
                File.WriteAllBytes(scratch[$"mount/deep/er/a file of number {i}.bin"], content);
            }
        }
        finally
        {
            Oracle.Run("umount", scratch["mount"]).MustSucceed();
        }

        var complaints = VolumeOracles.Complaints(scratch["volume.img"]);
        Assert.True(complaints.Count == 0, string.Join("\n", complaints));
    }

    [Fact, Trait("tier", "unit")]
    public void Equal_options_write_equal_bytes_even_over_an_old_volume()
    {
        using var first = new MemoryDevice(16 * MiB);
        using var second = new MemoryDevice(16 * MiB);
        var noise = new byte[16 * MiB];
        new Random(1).NextBytes(noise);
        second.Write(0, noise);
        NtfsFormatter.Format(first);
        NtfsFormatter.Format(second);
        var a = new byte[64 * 1024];
        var b = new byte[64 * 1024];
        long metadata = 0;
        for (long at = 0; at < first.Length; at += a.Length)
        {
            if (!first.GetExtent(at).IsZero)
            {
                first.Read(at, a);
                second.Read(at, b);
                for (var i = 0; i < a.Length; i += 512)
                {
                    var same = a.AsSpan(i, 512).SequenceEqual(b.AsSpan(i, 512));
                    var free = noise.AsSpan((int)at + i, 512).SequenceEqual(b.AsSpan(i, 512));
                    Assert.True(same || free, $"offset {at + i}");
                    metadata += same ? 512 : 0;
                }
            }
        }

        Assert.True(metadata > 500_000);
    }

    [Fact, Trait("tier", "layout")]
    public void Boot_sector_carries_the_options_and_has_its_backup()
    {
        using var device = new MemoryDevice(512 * MiB);
        NtfsFormatter.Format(device,
            new NtfsFormatOptions { ClusterSize = 2 * 1024 * 1024, HiddenSectors = 0x12345, SerialNumber = 0x1122334455667788 });
        var boot = new byte[512];
        var backup = new byte[512];
        device.Read(0, boot);
        device.Read(device.Length - 512, backup);
        Assert.Equal(boot, backup);
        Assert.Equal(0xF4, boot[0x0D]);
        Assert.Equal(0xF6, boot[0x40]);
        Assert.Equal(0xF4, boot[0x44]);
        Assert.Equal(0x12345u, BinaryPrimitives.ReadUInt32LittleEndian(boot.AsSpan(0x1C)));
        Assert.Equal(0x1122334455667788u, BinaryPrimitives.ReadUInt64LittleEndian(boot.AsSpan(0x48)));
        Assert.Equal((512 * MiB / 512) - 1, BinaryPrimitives.ReadInt64LittleEndian(boot.AsSpan(0x28)));
    }

    [Theory, Trait("tier", "unit")]
    [InlineData(MiB / 2, 4096, 0, "NTFS-5304")]
    [InlineData(0, 4096, 0, "NTFS-5304")]
    [InlineData(16 * MiB, 3000, 0, "NTFS-5302")]
    [InlineData(16 * MiB, 256, 0, "NTFS-5302")]
    [InlineData(16 * MiB, 4096, 2048, "NTFS-5303")]
    [InlineData(16 * MiB, 2 * 1024 * 1024, 0, "NTFS-5304")]
    public void Impossible_requests_are_refused_and_write_nothing(long length, int cluster, int record, string code)
    {
        using var device = new MemoryDevice(length);
        var refusal = Assert.Throws<RefusedException>(() =>
            NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = cluster, RecordSize = record }));
        Assert.Equal(code, refusal.Code);
        Assert.Equal(0, device.AllocatedBytes);
    }

    /// <summary>The content of two files is the same on every volume since Vista: ours must be too.</summary>
    [SkippableTheory, Trait("tier", "layout")]
    [InlineData("ntfs/charlie.dd", 0L)]
    [InlineData("ntfs/large-directory.bin", 0L)]
    [InlineData("ntfs/ntfs-si-vs-fn.raw", 65536L)]
    public void AttrDef_and_UpCase_equal_those_that_Windows_wrote(string name, long start)
    {
        using var volume = Corpus.ReadSparse(name);
        using var windows = new SubDevice(volume, start, volume.Length - start);
        using var ours = new MemoryDevice(16 * MiB);
        NtfsFormatter.Format(ours);
        Assert.Equal(Hash(windows, 4, 2560), Hash(ours, 4, 2560));
        Assert.Equal(Hash(windows, 10, 131072), Hash(ours, 10, 131072));
    }

    /// <summary>SHA-256 of the first run of the first non-resident unnamed $DATA of a metafile, read without the engine.</summary>
    private static string Hash(BlockDevice volume, int number, int length)
    {
        var boot = new byte[512];
        volume.Read(0, boot);
        var cluster = BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(11)) * boot[13];
        var record = new byte[1024];
        volume.Read((BinaryPrimitives.ReadInt64LittleEndian(boot.AsSpan(0x30)) * cluster) + (number * 1024), record);
        Assert.True(UpdateSequence.TryDecode(record));
        Assert.True(FileRecord.Create(record, number).TryFind(AttributeType.Data, "", out var data));
        var pairs = data.MappingPairs;
        var lengthBytes = pairs[0] & 15;
        long start = 0;
        for (var i = 0; i < pairs[0] >> 4; i++)
        {
            start |= (long)pairs[1 + lengthBytes + i] << (8 * i);
        }

        var content = new byte[length];
        volume.Read(start * cluster, content);
        return Convert.ToHexString(SHA256.HashData(content));
    }
}
