using System.Security.Cryptography;
using System.Text;
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
    /// An id for a new object of the store. It depends on the partition and the purpose only, so that two runs on one image give the same
    /// bytes; ids of objects need to be unique within one store.
    /// </summary>
    public Guid IdOf(string purpose)
    {
        var hash = SHA256.HashData([.. WindowsDevice.ToElement(), .. Encoding.UTF8.GetBytes(purpose)]).AsSpan(0, 16);
        hash[7] = (byte)((hash[7] & 0x0F) | 0x80); // version 8: RFC 9562 §5.8, a hash of our own
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash);
    }

    /// <summary>The name under which Windows' setup enters itself in the menu.</summary>
    public static string DescriptionOf(WindowsFacts facts)
    {
        var words = (facts.ProductName ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return facts.IsServer ? "Windows Server" : words is ["Windows", var version, ..] ? $"Windows {version}" : "Windows";
    }
}
