namespace OfflinePatch.Windows.Guest;

/// <summary>What starts the machine.</summary>
public enum Firmware
{
    /// <summary>Nothing on the disk boots, as far as we can tell.</summary>
    Unknown,

    /// <summary>MBR with an active partition that holds bootmgr.</summary>
    Bios,

    /// <summary>An EFI system partition with the Windows boot manager.</summary>
    Uefi,
}

/// <summary>The processor architecture of a Windows installation.</summary>
public enum WindowsArchitecture
{
    /// <summary>Not determined.</summary>
    Unknown,

    /// <summary>32-bit x86 (PE machine 0x014C).</summary>
    X86,

    /// <summary>64-bit x86 (PE machine 0x8664).</summary>
    X64,

    /// <summary>64-bit Arm (PE machine 0xAA64).</summary>
    Arm64,

    /// <summary>32-bit Arm (PE machine 0x01C4).</summary>
    Arm,
}
