using OfflinePatch.Core;
using static OfflinePatch.Core.Binary.LittleEndian;

namespace OfflinePatch.FileSystems.Fat;

/// <summary>Where everything lies on a FAT volume, in bytes from its start; read from the boot sector and bounded by the device.</summary>
internal sealed record FatGeometry
{
    /// <summary>Slots of one directory at most: 2 MiB (fatgen103, "FAT directory structure").</summary>
    public const int DirectorySlotLimit = 65_536;

    public required FatType Type { get; init; }

    public required int BytesPerSector { get; init; }

    public required int ClusterSize { get; init; }

    /// <summary>Clusters are numbered 2 to <c>ClusterCount + 1</c>.</summary>
    public required uint ClusterCount { get; init; }

    public required long FatOffset { get; init; }

    /// <summary>Bytes of one copy.</summary>
    public required long FatLength { get; init; }

    public required int FatCount { get; init; }

    /// <summary>The active copy: 0, unless a FAT32 volume is not mirrored and says otherwise.</summary>
    public required int ActiveFat { get; init; }

    public required bool IsMirrored { get; init; }

    /// <summary>The fixed root directory of FAT12 and FAT16.</summary>
    public required long RootOffset { get; init; }

    public required int RootSlots { get; init; }

    /// <summary>The first cluster of the root directory of FAT32.</summary>
    public required uint RootCluster { get; init; }

    public required long ClusterOffset { get; init; }

    /// <summary>The FSInfo sector of FAT32; 0: none.</summary>
    public required long InfoOffset { get; init; }

    public required uint SerialNumber { get; init; }

    public required byte[] Label { get; init; }

    /// <summary>Bit 0: not cleanly dismounted.</summary>
    public required byte DirtyFlags { get; init; }

    public required byte Media { get; init; }

    public long OffsetOf(uint cluster) => ClusterOffset + ((long)(cluster - 2) * ClusterSize);

    public bool IsCluster(uint cluster) => cluster >= 2 && cluster - 2 < ClusterCount;

    /// <summary>
    /// Whether sector 0 is that of a FAT volume, by the rules of Windows (fastfat, IsBootSectorFat): every field has one of its legal
    /// values.
    /// </summary>
    public static bool Probe(BlockDevice device)
    {
        if (device.Length < FatLayout.Boot.Size)
        {
            return false;
        }

        Span<byte> boot = stackalloc byte[FatLayout.Boot.Size];
        device.Read(0, boot);
        var jump = boot[FatLayout.Boot.Jump];
        var media = boot[FatLayout.Boot.Media];
        var sectorsPerCluster = boot[FatLayout.Boot.SectorsPerCluster];
        return (jump == 0xE9 || (jump == 0xEB && boot[2] == 0x90) || jump == 0x49)
            && U16(boot, FatLayout.Boot.BytesPerSector) is 512 or 1024 or 2048 or 4096
            && sectorsPerCluster != 0 && (sectorsPerCluster & (sectorsPerCluster - 1)) == 0
            && U16(boot, FatLayout.Boot.ReservedSectors) != 0
            && boot[FatLayout.Boot.FatCount] is > 0 and <= 4
            && (U16(boot, FatLayout.Boot.TotalSectors16) != 0 || U32(boot, FatLayout.Boot.TotalSectors32) != 0)
            && (media == 0xF0 || media >= 0xF8)
            && (U16(boot, FatLayout.Boot.SectorsPerFat16) != 0 ? U16(boot, FatLayout.Boot.RootEntries) != 0
                : U32(boot, FatLayout.Boot.New.SectorsPerFat) != 0);
    }

    public static FatGeometry Read(BlockDevice device)
    {
        Span<byte> boot = stackalloc byte[FatLayout.Boot.Size];
        if (device.Length < boot.Length)
        {
            throw FatError.BadGeometry("a boot sector", $"{device.Length} bytes");
        }

        device.Read(0, boot);
        var bytesPerSector = Check(boot, FatLayout.Boot.BytesPerSector, U16(boot, FatLayout.Boot.BytesPerSector),
            v => v is 512 or 1024 or 2048 or 4096, "512, 1024, 2048 or 4096 bytes per sector");
        var sectorsPerCluster = Check(boot, FatLayout.Boot.SectorsPerCluster, boot[FatLayout.Boot.SectorsPerCluster], v => v != 0
            && (v & (v - 1)) == 0, "a power of two of sectors per cluster");
        var reserved =
            Check(boot, FatLayout.Boot.ReservedSectors, U16(boot, FatLayout.Boot.ReservedSectors), v => v != 0, "a reserved sector");
        var fatCount = Check(boot, FatLayout.Boot.FatCount, boot[FatLayout.Boot.FatCount], v => v is > 0 and <= 4, "one to four FATs");
        var rootSlots = U16(boot, FatLayout.Boot.RootEntries);
        long total = U16(boot, FatLayout.Boot.TotalSectors16);
        total = total != 0 ? total : U32(boot, FatLayout.Boot.TotalSectors32);
        long fatSectors = U16(boot, FatLayout.Boot.SectorsPerFat16);
        var isFat32 = fatSectors == 0;
        fatSectors = isFat32 ? U32(boot, FatLayout.Boot.New.SectorsPerFat) : fatSectors;
        if (isFat32 && U16(boot, FatLayout.Boot.New.Version) != 0)
        {
            throw FatError.Version(U16(boot, FatLayout.Boot.New.Version));
        }

        if (total * bytesPerSector > device.Length)
        {
            throw FatError.BadGeometry($"at most the {device.Length} bytes of the partition", $"{total} sectors of {bytesPerSector} bytes");
        }

        var rootSectors = ((rootSlots * FatLayout.Slot.Size) + bytesPerSector - 1) / bytesPerSector;
        var firstData = reserved + (fatCount * fatSectors) + rootSectors;
        var clusters = (total - firstData) / sectorsPerCluster;
        if (fatSectors == 0 || total <= firstData || clusters < 1)
        {
            throw FatError.BadGeometry("at least one cluster after the FATs",
                $"{total} sectors in all, {firstData} before the first cluster");
        }

        var type = isFat32 ? FatType.Fat32 : clusters < 4085 ? FatType.Fat12 : FatType.Fat16;
        clusters = Math.Min(clusters, (fatSectors * bytesPerSector * 8 / (int)type) - 2);
        clusters = Math.Min(clusters, type == FatType.Fat32 ? 0x0FFFFFF5 : type == FatType.Fat16 ? 0xFFF5 : 0xFF5);
        if (clusters < 1)
        {
            throw FatError.BadGeometry("a FAT that holds at least one cluster", $"{fatSectors} sectors");
        }

        var geometry =
            Create(boot, type, bytesPerSector, sectorsPerCluster, reserved, fatCount, rootSlots, fatSectors, firstData, (uint)clusters);
        if (isFat32 && !geometry.IsCluster(geometry.RootCluster))
        {
            throw FatError.BadBootSector(FatLayout.Boot.New.RootCluster, $"a root cluster from 2 to {clusters + 1}",
                $"{geometry.RootCluster}");
        }

        return geometry;
    }

    private static FatGeometry Create(ReadOnlySpan<byte> boot, FatType type, int bytesPerSector, int sectorsPerCluster, int reserved,
        int fatCount,
        int rootSlots, long fatSectors, long firstData, uint clusters)
    {
        var isFat32 = type == FatType.Fat32;
        var flags = isFat32 ? U16(boot, FatLayout.Boot.New.Flags) : 0;
        var isMirrored = (flags & 0x80) == 0;
        var active = isMirrored ? 0 : flags & 0x0F;
        if (active >= fatCount)
        {
            throw FatError.BadBootSector(FatLayout.Boot.New.Flags, $"one of {fatCount} FATs as the active one", $"{active}");
        }

        var info = isFat32 ? U16(boot, FatLayout.Boot.New.InfoSector) : 0;
        var labelled = boot[isFat32 ? FatLayout.Boot.New.ExtendedSignature : FatLayout.Boot.Old.ExtendedSignature] is 0x28 or 0x29;
        return new FatGeometry
        {
            Type = type,
            BytesPerSector = bytesPerSector,
            ClusterSize = bytesPerSector * sectorsPerCluster,
            ClusterCount = clusters,
            FatOffset = (long)reserved * bytesPerSector,
            FatLength = fatSectors * bytesPerSector,
            FatCount = fatCount,
            ActiveFat = active,
            IsMirrored = isMirrored,
            RootOffset = (reserved + (fatCount * fatSectors)) * bytesPerSector,
            RootSlots = rootSlots,
            RootCluster = isFat32 ? U32(boot, FatLayout.Boot.New.RootCluster) & 0x0FFFFFFF : 0,
            ClusterOffset = firstData * bytesPerSector,
            InfoOffset = info > 0 && info < reserved ? (long)info * bytesPerSector : 0,
            SerialNumber = labelled ? U32(boot, isFat32 ? FatLayout.Boot.New.SerialNumber : FatLayout.Boot.Old.SerialNumber) : 0,
            Label = labelled ? boot.Slice(isFat32 ? FatLayout.Boot.New.Label : FatLayout.Boot.Old.Label, 11).ToArray() : [],
            DirtyFlags = boot[isFat32 ? FatLayout.Boot.New.DirtyFlags : FatLayout.Boot.Old.DirtyFlags],
            Media = boot[FatLayout.Boot.Media],
        };
    }

    private static int Check(ReadOnlySpan<byte> boot, int offset, int value, Predicate<int> isLegal, string expected) =>
        isLegal(value) ? value : throw FatError.BadBootSector(offset, expected, $"{value}");
}
