namespace OfflinePatch.Windows.Guest;

/// <summary>The boot files on a disk: EFI system partition, active partition, and the boot configuration stores there.</summary>
public sealed record BootFiles
{
    /// <summary>No boot files.</summary>
    public static BootFiles None { get; } = new();

    /// <summary>What starts the machine.</summary>
    public Firmware Firmware { get; init; }

    /// <summary>The EFI system partition, or null.</summary>
    public GuestVolume? Esp { get; init; }

    /// <summary>The active MBR partition, or null.</summary>
    public GuestVolume? Active { get; init; }

    /// <summary>The store of a UEFI boot (<c>\EFI\Microsoft\Boot\BCD</c>), or null.</summary>
    public HiveLoad? UefiStore { get; init; }

    /// <summary>The store of a BIOS boot (<c>\Boot\BCD</c>), or null.</summary>
    public HiveLoad? BiosStore { get; init; }

    /// <summary>The store that <see cref="Firmware"/> uses, or null.</summary>
    public HiveLoad? Store => Firmware switch
    {
        Firmware.Uefi => UefiStore,
        Firmware.Bios => BiosStore,
        _ => null,
    };

    /// <summary>The volume that holds the store of <see cref="Firmware"/>, or null.</summary>
    public GuestVolume? SystemVolume => Firmware switch
    {
        Firmware.Uefi => Esp,
        Firmware.Bios => Active,
        _ => null,
    };

    /// <summary>Whether the default entry has testsigning on.</summary>
    public bool HasTestSigning => Store?.Hive is { } hive && BootEntries.Read(hive)?.HasTestSigning == true;

    /// <summary>Checks and writes back every store that was changed; returns how many.</summary>
    public int WriteBack() => (UefiStore?.Hive?.WriteBack() ?? false ? 1 : 0) + (BiosStore?.Hive?.WriteBack() ?? false ? 1 : 0);
}
