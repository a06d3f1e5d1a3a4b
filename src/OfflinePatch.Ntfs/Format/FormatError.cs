using OfflinePatch.Core;

namespace OfflinePatch.Ntfs.Format;

/// <summary>Why a partition is not formatted; codes <c>NTFS-5300</c> to <c>NTFS-5399</c>. Nothing was written.</summary>
internal static class FormatError
{
    public static RefusedException SectorSize(int size) =>
        new("NTFS-5301", $"A sector size of {size} bytes is not possible; 512, 1024, 2048 and 4096 are.");

    public static RefusedException ClusterSize(int size, int sector) =>
        new("NTFS-5302", $"A cluster size of {size} bytes is not possible; powers of two from {Math.Max(512, sector)} bytes to 2 MiB are.");

    public static RefusedException RecordSize(int size, int sector) =>
        new("NTFS-5303",
            $"A FILE record size of {size} bytes is not possible with sectors of {sector} bytes; 1024 and 4096, not below a sector, are.");

    public static RefusedException TooSmall(long clusters, long needed, int clusterSize) =>
        new("NTFS-5304", $"The partition has {clusters} clusters of {clusterSize} bytes; at least {needed} are needed.",
            "Use a larger partition or a smaller cluster size.");

    public static RefusedException TooLarge(long clusters, long limit) =>
        new("NTFS-5305", $"The partition has {clusters} clusters; at most {limit} can be used.", "Use a larger cluster size.");

    public static RefusedException Label(string label) =>
        new("NTFS-5306", $"The label has {label.Length} characters; at most 32 are possible.");

    public static RefusedException ReadOnly() => new("NTFS-5307", "The device cannot be written.");

    public static RefusedException LogSize(long size) => new("NTFS-5308", $"A log of {size} bytes is not possible; 256 KiB to 64 MiB are.");
}
