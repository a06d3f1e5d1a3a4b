namespace OfflinePatch.Windows.Guest;

/// <summary>What starts the machine.</summary>
public enum Firmware
{
    /// <summary>Nothing on the disk boots, as far as can be seen.</summary>
    Unknown,

    /// <summary>MBR with an active partition that holds bootmgr.</summary>
    Bios,

    /// <summary>An EFI system partition with the Windows boot manager.</summary>
    Uefi,
}
