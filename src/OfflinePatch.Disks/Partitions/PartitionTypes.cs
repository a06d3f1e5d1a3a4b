namespace OfflinePatch.Disks.Partitions;

/// <summary>
/// Partition types that a Windows disk can hold. Source: UEFI 2.10 §5.3.3, Microsoft PARTITION_INFORMATION_GPT and
/// PARTITION_INFORMATION_MBR.
/// </summary>
public static class PartitionTypes
{
    /// <summary>EFI system partition.</summary>
    public static Guid EfiSystem { get; } = new("C12A7328-F81F-11D2-BA4B-00A0C93EC93B");

    /// <summary>Microsoft reserved partition: no file system.</summary>
    public static Guid MicrosoftReserved { get; } = new("E3C9E316-0B5C-4DB8-817D-F92DF00215AE");

    /// <summary>Basic partition: NTFS, FAT, exFAT or ReFS.</summary>
    public static Guid BasicData { get; } = new("EBD0A0A2-B9E5-4433-87C0-68B6B72699C7");

    /// <summary>Windows recovery tools.</summary>
    public static Guid WindowsRecovery { get; } = new("DE94BBA4-06D1-4D40-A16A-BFD50179D6AC");

    /// <summary>GPT attribute of a basic partition: Windows gives it no letter. GPT_BASIC_DATA_ATTRIBUTE_NO_DRIVE_LETTER.</summary>
    public const ulong NoDriveLetter = 0x8000000000000000;

    /// <summary>Dynamic disk (LDM): the metadata database.</summary>
    public static Guid LdmMetadata { get; } = new("5808C8AA-7E8F-42E0-85D2-E1E90434CFB3");

    /// <summary>Dynamic disk (LDM): the container of the volumes.</summary>
    public static Guid LdmContainer { get; } = new("AF9B60A0-1431-4F62-BC68-3311714A69AD");

    /// <summary>Storage Spaces member.</summary>
    public static Guid StorageSpaces { get; } = new("E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D");

    /// <summary>MBR: extended partition, CHS.</summary>
    public const byte MbrExtended = 0x05;

    /// <summary>MBR: NTFS or exFAT.</summary>
    public const byte MbrNtfs = 0x07;

    /// <summary>MBR: extended partition, LBA.</summary>
    public const byte MbrExtendedLba = 0x0F;

    /// <summary>MBR: Windows recovery tools; hidden.</summary>
    public const byte MbrRecovery = 0x27;

    /// <summary>MBR: dynamic disk (LDM).</summary>
    public const byte MbrLdm = 0x42;

    /// <summary>MBR: extended partition, as Linux writes it.</summary>
    public const byte MbrExtendedLinux = 0x85;

    /// <summary>MBR: the whole disk belongs to a GPT.</summary>
    public const byte MbrProtective = 0xEE;

    /// <summary>MBR: EFI system partition.</summary>
    public const byte MbrEfiSystem = 0xEF;

    /// <summary>Whether an MBR entry of this type holds a chain of logical partitions.</summary>
    public static bool IsExtended(byte type) => type is MbrExtended or MbrExtendedLba or MbrExtendedLinux;

    /// <summary>
    /// The attribute bits of a GPT partition as words: bits 0 to 2 mean the same for every type, 60 to 63 what Microsoft gave them for its
    /// own types; others <c>bit 48</c>. Source: UEFI 2.10 §5.3.3, PARTITION_INFORMATION_GPT.
    /// </summary>
    public static IReadOnlyList<string> AttributeNames(Guid type, ulong attributes)
    {
        var isMicrosoft = type == BasicData || type == WindowsRecovery || type == MicrosoftReserved || type == LdmMetadata
            || type == LdmContainer || type == StorageSpaces;
        return BitNames.Of(attributes, bit => (bit, isMicrosoft) switch
        {
            (0, _) => "required",
            (1, _) => "noBlockIo",
            (2, _) => "legacyBoot",
            (60, true) => "readOnly",
            (61, true) => "shadowCopy",
            (62, true) => "hidden",
            (63, true) => "noDriveLetter",
            _ => null,
        });
    }

    /// <summary>A GPT type for people.</summary>
    public static string NameOf(Guid type) =>
        type == EfiSystem ? "EFI system"
        : type == MicrosoftReserved ? "Microsoft reserved"
        : type == BasicData ? "basic data"
        : type == WindowsRecovery ? "Windows recovery"
        : type == LdmMetadata ? "dynamic disk metadata"
        : type == LdmContainer ? "dynamic disk"
        : type == StorageSpaces ? "Storage Spaces"
        : $"type {type:D}";

    /// <summary>An MBR type for people.</summary>
    public static string NameOf(byte type) => type switch
    {
        0x01 or 0x04 or 0x06 or 0x0E => "FAT",
        0x0B or 0x0C => "FAT32",
        MbrNtfs => "NTFS/exFAT",
        MbrRecovery => "Windows recovery",
        MbrLdm => "dynamic disk",
        0x82 => "Linux swap",
        0x83 => "Linux",
        0x8E => "Linux LVM",
        MbrProtective => "GPT protective",
        MbrEfiSystem => "EFI system",
        _ => $"type 0x{type:X2}",
    };
}
