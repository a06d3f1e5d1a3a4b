using OfflinePatch.Ntfs.Tests.Format;
using OfflinePatch.Ntfs.Tests.Volume;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Model;

/// <summary>Random operations against a model in memory, on every cluster size.</summary>
public sealed class ModelTests
{
    [Theory, Trait("tier", "model")]
    [InlineData(1, 512, 24L << 20)]
    [InlineData(2, 4096, 64L << 20)]
    [InlineData(3, 65536, 512L << 20)]
    [InlineData(4, 2097152, 4L << 30)]
    public void Stays_the_same(int seed, int clusterSize, long size)
    {
        using var run = new ModelRun(seed, clusterSize, size);
        run.Run(1500);
        run.Verify();
    }

    [Theory, Trait("tier", "model")]
    [InlineData(5, 4096, 4096, 4096)]
    [InlineData(6, 4096, 4096, 512)]
    public void Stays_the_same_with_large_records_and_sectors(int seed, int clusterSize, int recordSize, int sectorSize)
    {
        using var run = new ModelRun(seed, clusterSize, 64L << 20, recordSize, sectorSize);
        run.Run(1500);
        run.Verify();
    }

    [Theory, Trait("tier", "model")]
    [InlineData(7, 512, 5L << 19)]
    [InlineData(8, 4096, 9L << 20)]
    public void Stays_the_same_when_the_volume_is_full(int seed, int clusterSize, long size)
    {
        using var run = new ModelRun(seed, clusterSize, size);
        run.Run(3000);
        run.Verify();
    }

    [SkippableTheory, Trait("tier", "oracle")]
    [InlineData(11, 512, 24L << 20)]
    [InlineData(12, 4096, 64L << 20)]
    [InlineData(13, 65536, 512L << 20)]
    [InlineData(14, 2097152, 4L << 30)]
    public void Other_readers_see_the_same(int seed, int clusterSize, long size)
    {
        using var run = new ModelRun(seed, clusterSize, size);
        run.Run(1500);
        run.Verify();
        Judge(run, clusterSize);
    }

    /// <summary>The Linux kernel's driver in a virtual machine: 3 seeds of 20,000 operations on each cluster size.</summary>
    [SkippableTheory, Trait("tier", "oracle"), Trait("speed", "slow")]
    [InlineData(512, 48L << 20)]
    [InlineData(4096, 256L << 20)]
    [InlineData(65536, 2L << 30)]
    [InlineData(2097152, 4L << 30)]
    public void The_kernel_sees_the_same(int clusterSize, long size)
    {
        KernelReader.Require();
        for (var seed = 200; seed < 203; seed++)
        {
            using var run = new ModelRun(seed, clusterSize, size) { HasLoneSurrogates = false };
            run.Run(20_000);
            run.Verify();
            using var scratch = new ScratchFolder();
            VolumeOracles.Save(run.Device, scratch["volume.img"]);
            KernelReader.AssertSame(scratch, "volume.img", run.Expected());
        }
    }

    /// <summary>50 seeds of 20,000 operations on each cluster size.</summary>
    [SkippableTheory, Trait("tier", "model"), Trait("speed", "slow")]
    [InlineData(512, 48L << 20)]
    [InlineData(4096, 256L << 20)]
    [InlineData(65536, 2L << 30)]
    [InlineData(2097152, 16L << 30)]
    public void Stays_the_same_over_50_seeds(int clusterSize, long size)
    {
        for (var seed = 100; seed < 150; seed++)
        {
            using var run = new ModelRun(seed, clusterSize, size);
            run.Run(20_000);
            run.Verify();
            Judge(run, clusterSize);
        }
    }

    private static void Judge(ModelRun run, int clusterSize)
    {
        using var scratch = new ScratchFolder();
        VolumeOracles.Save(run.Device, scratch["volume.img"]);
        Assert.Empty(VolumeOracles.Complaints(scratch["volume.img"], sleuthkit: clusterSize <= 65536));
        Ntfs3gReader.AssertSame(scratch, "volume.img", run.Expected());
    }
}
