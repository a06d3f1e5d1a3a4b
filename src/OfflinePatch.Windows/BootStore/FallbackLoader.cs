using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.BootStore;

/// <summary>The loader that firmware starts where it remembers nothing of a disk. Source: UEFI 2.10 §3.5.1.1.</summary>
internal static class FallbackLoader
{
    /// <summary>Its path on the EFI system partition; null for an architecture that is not known.</summary>
    public static string? PathFor(WindowsArchitecture architecture) => architecture switch
    {
        WindowsArchitecture.X64 => @"EFI\Boot\bootx64.efi",
        WindowsArchitecture.X86 => @"EFI\Boot\bootia32.efi",
        WindowsArchitecture.Arm64 => @"EFI\Boot\bootaa64.efi",
        WindowsArchitecture.Arm => @"EFI\Boot\bootarm.efi",
        _ => null,
    };
}
