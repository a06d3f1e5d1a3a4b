using System.Numerics;
using OfflinePatch.Core;

namespace OfflinePatch.Ntfs.Format;

/// <summary>
/// Where everything of a new volume lies: metafiles one after the other from cluster 0, $MFT at a third of the volume or 3 GiB.
/// </summary>
internal sealed class FormatGeometry
{
    /// <summary>Bytes of an index block, whatever the cluster size (Linux-NTFS documentation, $Boot, Index Record).</summary>
    public const int IndexBlockSize = 4096;

    /// <summary>FILE records that a new $MFT has at least.</summary>
    private const int MinimumRecords = 64;

    /// <summary>NTFS as Windows implements it: 2^32 - 1 clusters.</summary>
    private const long ClusterLimit = 0xFFFF_FFFF;

    private long _next;

    public FormatGeometry(BlockDevice device, NtfsFormatOptions options)
    {
        SectorSize = options.SectorSize == 0 ? device.SectorSize : options.SectorSize;
        if (SectorSize is not (512 or 1024 or 2048 or 4096))
        {
            throw FormatError.SectorSize(SectorSize);
        }

        ClusterSize = options.ClusterSize;
        if (!BitOperations.IsPow2(ClusterSize) || ClusterSize < SectorSize || ClusterSize > 2 * 1024 * 1024)
        {
            throw FormatError.ClusterSize(ClusterSize, SectorSize);
        }

        RecordSize = options.RecordSize == 0 ? (SectorSize == 4096 ? 4096 : 1024) : options.RecordSize;
        if (RecordSize is not (1024 or 4096) || RecordSize < SectorSize)
        {
            throw FormatError.RecordSize(RecordSize, SectorSize);
        }

        TotalSectors = Math.Max(0, (device.Length / SectorSize) - 1);
        Clusters = TotalSectors / (ClusterSize / SectorSize);
        if (Clusters > ClusterLimit)
        {
            throw FormatError.TooLarge(Clusters, ClusterLimit);
        }

        Boot = Take(Math.Max(8192, ClusterSize));
        Mirror = Take(Math.Max(4 * RecordSize, ClusterSize));
        AttributeDefinitions = Take(Format.AttributeDefinitions.Size);
        UpCase = Take(2 * NtUpcase.Count);
        RootIndex = Take(IndexBlockSize);
        SecurityDescriptors = Take(SecureStreams.DataSize);
        LogFile = Take(LogSize(options, device.Length));
        Records = (int)(ToClusters((long)MinimumRecords * RecordSize) * ClusterSize / RecordSize);
        MftBitmap = Take((Records + 63) / 64 * 8);
        Bitmap = Take((Clusters + 63) / 64 * 8);
        var wanted = Math.Min(Clusters / 3, Math.Max(1, (3L << 30) / ClusterSize));
        MetafilesEnd = _next;
        _next = Math.Max(_next, wanted);
        Mft = Take((long)Records * RecordSize);
        if (_next > Clusters)
        {
            throw FormatError.TooSmall(Clusters, MetafilesEnd + Mft.Count, ClusterSize);
        }
    }

    public int SectorSize { get; }

    public int ClusterSize { get; }

    public int RecordSize { get; }

    /// <summary>Sectors without the backup boot sector.</summary>
    public long TotalSectors { get; }

    public long Clusters { get; }

    /// <summary>FILE records of the new $MFT.</summary>
    public int Records { get; }

    /// <summary>The first cluster after the metafiles that start at cluster 0.</summary>
    public long MetafilesEnd { get; }

    public Extent Boot { get; }

    public Extent Mirror { get; }

    public Extent AttributeDefinitions { get; }

    public Extent UpCase { get; }

    public Extent RootIndex { get; }

    public Extent SecurityDescriptors { get; }

    public Extent LogFile { get; }

    public Extent MftBitmap { get; }

    public Extent Bitmap { get; }

    public Extent Mft { get; }

    /// <summary>Value of "clusters per index block" in $INDEX_ROOT (Linux-NTFS documentation, Index Record).</summary>
    public byte ClustersPerIndexBlock => (byte)(ClusterSize <= IndexBlockSize ? IndexBlockSize / ClusterSize : IndexBlockSize / 512);

    private static long LogSize(NtfsFormatOptions options, long length)
    {
        if (options.LogFileSize == 0)
        {
            return Math.Clamp(length / 64 / 65536 * 65536, 256 * 1024, 4 * 1024 * 1024);
        }

        return options.LogFileSize is >= 256 * 1024 and <= 64 * 1024 * 1024 ? options.LogFileSize
            : throw FormatError.LogSize(options.LogFileSize);
    }

    private long ToClusters(long bytes) => (bytes + ClusterSize - 1) / ClusterSize;

    private Extent Take(long bytes)
    {
        var extent = new Extent(_next, ToClusters(bytes), bytes);
        _next += extent.Count;
        return extent;
    }
}

/// <summary>The clusters of one stream of a new volume: one run.</summary>
/// <param name="Start">First cluster.</param>
/// <param name="Count">Clusters.</param>
/// <param name="DataSize">Bytes of the stream.</param>
internal readonly record struct Extent(long Start, long Count, long DataSize);
