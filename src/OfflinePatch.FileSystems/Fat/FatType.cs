namespace OfflinePatch.FileSystems.Fat;

/// <summary>Bits of an entry in the file allocation table.</summary>
public enum FatType
{
    /// <summary>12 bits: floppy disks, up to 4,084 clusters.</summary>
    Fat12 = 12,

    /// <summary>16 bits: up to 65,524 clusters.</summary>
    Fat16 = 16,

    /// <summary>28 of 32 bits: EFI system partitions.</summary>
    Fat32 = 32,
}
