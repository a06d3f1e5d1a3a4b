using System.Numerics;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine;

/// <summary>What the boot sector says about a volume, checked. Source: Linux-NTFS documentation, $Boot.</summary>
public sealed class VolumeGeometry
{
    /// <summary>Largest cluster that Windows formats: 2 MiB.</summary>
    public const int MaxClusterSize = 2 * 1024 * 1024;

    private VolumeGeometry()
    {
    }

    /// <summary>Bytes per sector: 256..4096.</summary>
    public int BytesPerSector { get; private init; }

    /// <summary>Bytes per cluster: 512..2 MiB.</summary>
    public int ClusterSize { get; private init; }

    /// <summary>log2 of <see cref="ClusterSize"/>.</summary>
    public int ClusterShift { get; private init; }

    /// <summary>Sectors of the volume.</summary>
    public long TotalSectors { get; private init; }

    /// <summary>Whole clusters of the volume.</summary>
    public long ClusterCount { get; private init; }

    /// <summary>First cluster of $MFT.</summary>
    public long MftLcn { get; private init; }

    /// <summary>First cluster of $MFTMirr.</summary>
    public long MirrorLcn { get; private init; }

    /// <summary>Bytes per FILE record: 512..4096.</summary>
    public int RecordSize { get; private init; }

    /// <summary>Bytes per index block as the boot sector says; each index says its own.</summary>
    public int IndexBlockSize { get; private init; }

    /// <summary>Serial number.</summary>
    public ulong SerialNumber { get; private init; }

    /// <summary>Sectors before the partition.</summary>
    public uint HiddenSectors { get; private init; }

    /// <summary>Largest VCN count of a stream: 2^63 bytes.</summary>
    public long MaxVcn => long.MaxValue >> ClusterShift;

    /// <summary>Clusters that <paramref name="bytes"/> take.</summary>
    public long ClustersFor(long bytes) => (bytes >> ClusterShift) + ((bytes & (ClusterSize - 1)) != 0 ? 1 : 0);

    /// <summary>Reads and checks the boot sector.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0101</c>..<c>NTFS-0103</c>.</exception>
    public static VolumeGeometry Read(BlockDevice device)
    {
        var bytes = new byte[BootSector.Layout.Size];
        if (device.Length < bytes.Length)
        {
            throw NtfsError.NotNtfs();
        }

        device.Read(0, bytes);
        return Parse(bytes, device.Length);
    }

    /// <summary>Checks a boot sector of a volume on a device of <paramref name="deviceLength"/> bytes.</summary>
    public static VolumeGeometry Parse(ReadOnlySpan<byte> bytes, long deviceLength)
    {
        if (!BootSector.TryCreate(bytes, out var boot))
        {
            throw NtfsError.NotNtfs();
        }

        var sector = boot.BytesPerSector;
        if (sector is < 256 or > 4096 || !BitOperations.IsPow2(sector))
        {
            throw NtfsError.BadGeometry(BootSector.Layout.BytesPerSector, "256, 512, 1024, 2048 or 4096 bytes per sector", $"{sector}");
        }

        var perCluster = boot.SectorsPerCluster;
        if (perCluster == 0 || !BitOperations.IsPow2(perCluster) || (long)perCluster * sector is < 512 or > MaxClusterSize)
        {
            throw NtfsError.BadGeometry(BootSector.Layout.SectorsPerCluster, "a cluster of 512 bytes to 2 MiB",
                $"byte 0x{boot.SectorsPerClusterByte:X2} with {sector}-byte sectors");
        }

        var cluster = perCluster * sector;
        if (boot.TotalSectors <= 0 || boot.TotalSectors > deviceLength / sector)
        {
            throw NtfsError.BeyondPartition(boot.TotalSectors <= 0
                || boot.TotalSectors > long.MaxValue / sector ? long.MaxValue : boot.TotalSectors * sector, deviceLength);
        }

        var clusters = boot.TotalSectors / perCluster;
        CheckLcn(boot.MftLcn, clusters, BootSector.Layout.MftLcn);
        CheckLcn(boot.MirrorLcn, clusters, BootSector.Layout.MirrorLcn);
        var record = SizeOf(boot.ClustersPerRecord, cluster);
        if (record is < 512 or > 4096 || !BitOperations.IsPow2(record))
        {
            throw NtfsError.BadGeometry(BootSector.Layout.ClustersPerRecord, "a FILE record of 512 to 4096 bytes", $"{record}");
        }

        var block = SizeOf(boot.ClustersPerIndexBlock, cluster);
        if (block is < 512 or > 64 * 1024 || !BitOperations.IsPow2(block))
        {
            throw NtfsError.BadGeometry(BootSector.Layout.ClustersPerIndexBlock, "an index block of 512 bytes to 64 KiB", $"{block}");
        }

        return new VolumeGeometry
        {
            BytesPerSector = sector,
            ClusterSize = cluster,
            ClusterShift = BitOperations.Log2((uint)cluster),
            TotalSectors = boot.TotalSectors,
            ClusterCount = clusters,
            MftLcn = boot.MftLcn,
            MirrorLcn = boot.MirrorLcn,
            RecordSize = record,
            IndexBlockSize = block,
            SerialNumber = boot.SerialNumber,
            HiddenSectors = boot.HiddenSectors,
        };
    }

    private static int SizeOf(sbyte value, int cluster) => value switch
    {
        > 0 => value > 64 * 1024 / cluster ? -1 : value * cluster,
        < 0 and >= -20 => 1 << -value,
        _ => -1,
    };

    private static void CheckLcn(long lcn, long clusters, int offset)
    {
        if (lcn <= 0 || lcn >= clusters)
        {
            throw NtfsError.BadGeometry(offset, $"a cluster of {clusters}", $"{lcn}");
        }
    }
}
