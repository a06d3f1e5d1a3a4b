using OfflinePatch.Drivers;

namespace OfflinePatch.Windows.BootStore;

/// <summary>The loader that firmware starts where it has no boot entry for a disk. Source: UEFI 2.10 §3.5.1.1.</summary>
internal static class FallbackLoader
{
    /// <summary>Its path on the EFI system partition; null for an architecture that is not known.</summary>
    public static string? PathFor(ProcessorArchitecture? architecture) => architecture switch
    {
        ProcessorArchitecture.Amd64 => @"EFI\Boot\bootx64.efi",
        ProcessorArchitecture.X86 => @"EFI\Boot\bootia32.efi",
        ProcessorArchitecture.Arm64 => @"EFI\Boot\bootaa64.efi",
        ProcessorArchitecture.Arm => @"EFI\Boot\bootarm.efi",
        _ => null,
    };
}
