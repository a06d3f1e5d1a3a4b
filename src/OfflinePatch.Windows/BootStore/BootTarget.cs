using OfflinePatch.Registry.Bcd;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.BootStore;

/// <summary>What a boot configuration is to start, and from where.</summary>
/// <param name="Firmware">BIOS or UEFI.</param>
/// <param name="SystemDevice">The partition with the boot manager.</param>
/// <param name="WindowsDevice">The partition with Windows.</param>
/// <param name="SystemRoot">The Windows directory there, without leading separator.</param>
/// <param name="Description">The name in the boot menu.</param>
internal sealed record BootTarget(Firmware Firmware, BcdDevice SystemDevice, BcdDevice WindowsDevice, string SystemRoot, string Description)
{
    /// <summary>
    /// An id for a new object of the store, from the partition of Windows and the purpose; ids of objects need to be unique within one
    /// store.
    /// </summary>
    public Guid IdOf(string purpose) => DerivedId.Of(WindowsDevice.ToElement(), purpose);

    /// <summary>What programs of Windows end in, for a firmware.</summary>
    public static string EndingOf(Firmware firmware) => firmware == Firmware.Uefi ? ".efi" : ".exe";

    /// <summary>The path of winload for a firmware, given that for the other one.</summary>
    public static string WithEnding(string path, Firmware firmware) =>
        path.EndsWith(".exe", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".efi", StringComparison.OrdinalIgnoreCase)
            ? path[..^4] + EndingOf(firmware)
            : path;

    /// <summary>The name under which Windows' setup enters itself in the menu.</summary>
    public static string DescriptionOf(WindowsFacts facts)
    {
        var words = (facts.ProductName ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return facts.IsServer ? "Windows Server" : words is ["Windows", var version, ..] ? $"Windows {version}" : "Windows";
    }
}
