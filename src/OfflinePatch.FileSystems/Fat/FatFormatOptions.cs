namespace OfflinePatch.FileSystems.Fat;

/// <summary>How to make a FAT volume.</summary>
public sealed record FatFormatOptions
{
    /// <summary>Null: FAT12 up to 4 MiB, FAT16 up to 64 MiB, FAT32 above.</summary>
    public FatType? Type { get; init; }

    /// <summary>At most 11 characters of ASCII; empty: none.</summary>
    public string Label { get; init; } = "";

    /// <summary>The serial number.</summary>
    public uint SerialNumber { get; init; } = 0x4F464650;

    /// <summary>Sectors per cluster; 0: the smallest that the type allows.</summary>
    public int SectorsPerCluster { get; init; }

    /// <summary>Sectors of the disk before the partition.</summary>
    public uint HiddenSectors { get; init; }

    /// <summary>The time of the label's entry.</summary>
    public DateTime TimeUtc { get; init; } = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);
}
