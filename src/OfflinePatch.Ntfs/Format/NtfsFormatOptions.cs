namespace OfflinePatch.Ntfs.Format;

/// <summary>How a partition is formatted. Two runs with equal options on devices of equal length write equal bytes.</summary>
public sealed record NtfsFormatOptions
{
    /// <summary>Bytes per cluster: a power of two, from the sector size (at least 512) to 2 MiB.</summary>
    public int ClusterSize { get; init; } = 4096;

    /// <summary>Bytes per sector, 512 to 4096; 0: what the device says.</summary>
    public int SectorSize { get; init; }

    /// <summary>Bytes per FILE record, 1024 or 4096; 0: 4096 on sectors of 4096 bytes, else 1024.</summary>
    public int RecordSize { get; init; }

    /// <summary>Label, at most 32 characters.</summary>
    public string Label { get; init; } = "";

    /// <summary>Sectors before the partition, for boot code that asks the BIOS.</summary>
    public uint HiddenSectors { get; init; }

    /// <summary>Serial number.</summary>
    public ulong SerialNumber { get; init; } = 0x4F50_4E54_4653_0001;

    /// <summary>Time of every metafile, UTC.</summary>
    public DateTime Timestamp { get; init; } = new(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Bytes of $LogFile, rounded up to clusters; 0: chosen by the size of the volume (256 KiB to 4 MiB).</summary>
    public long LogFileSize { get; init; }
}
