namespace OfflinePatch.Windows.Guest;

/// <summary>What a volume says about itself. Nothing here decides; the gates ask <see cref="GuestVolume.Condition"/>.</summary>
public sealed record VolumeFacts
{
    /// <summary>The format with its version: <c>NTFS 3.1</c>, <c>FAT32</c>.</summary>
    public required string Format { get; init; }

    /// <summary>Bytes per cluster.</summary>
    public required int ClusterSize { get; init; }

    /// <summary>Bytes per sector, as the boot sector says.</summary>
    public required int SectorSize { get; init; }

    /// <summary>
    /// The serial number in hexadecimal: 16 digits (NTFS), or two groups of four (FAT, as Windows shows it); null where there is none.
    /// </summary>
    public string? Serial { get; init; }

    /// <summary>The sectors before the volume, as the boot sector says; null where the format does not say.</summary>
    public uint? HiddenSectors { get; init; }

    /// <summary>Whether the volume is marked dirty, or as not cleanly dismounted.</summary>
    public bool Dirty { get; init; }

    /// <summary>
    /// NTFS: the state of $LogFile: <c>clean</c>, <c>empty</c>, <c>mounted</c> (Windows still had the volume, or fast startup),
    /// <c>crashed</c>, <c>unknown</c>, <c>damaged</c>. Null elsewhere.
    /// </summary>
    public string? Log { get; init; }

    /// <summary>
    /// NTFS: what hiberfil.sys says: <c>hibernated</c>, <c>resumed</c>, <c>elsewhere</c> (the system is on another disk), <c>unknown</c>.
    /// Null without one that was used.
    /// </summary>
    public string? Hibernation { get; init; }

    /// <summary>NTFS: whether shadow copies exist.</summary>
    public bool ShadowCopies { get; init; }

    /// <summary>
    /// NTFS: what else is set in $VOLUME_INFORMATION, as words: <c>resizeLogFile</c>, <c>upgradeOnMount</c>, <c>mountedOnNt4</c>,
    /// <c>deleteUsnUnderway</c>, <c>repairObjectId</c>, <c>chkdskUnderway</c>, <c>modifiedByChkdsk</c>, others as <c>bit 9</c>.
    /// Null without any.
    /// </summary>
    public IReadOnlyList<string>? Flags { get; init; }

    /// <summary>NTFS: bytes of a FILE record. Null elsewhere.</summary>
    public int? RecordSize { get; init; }

    /// <summary>NTFS: FILE records of $MFT, free ones too. Null elsewhere.</summary>
    public long? Records { get; init; }
}
